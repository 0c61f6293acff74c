"""What a label run left on disk about itself."""

import ast
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mmdet_mal.utils.errors import UserError

_STAMP = re.compile(r'^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (.*)')
_STAMP_FORMAT = '%Y-%m-%d %H:%M:%S'
_START = re.compile(r'start: (\d+) of (\d+) chunks')


@dataclass
class RunFacts:
    """One label run.

    Attributes:
        folder (str): Its run folder.
        config, checkpoint, input (str): Names from the manifest.
        hashes (dict): SHA-256 of these three, by name.
        version (str): Of the program.
        chunks (int): Of the run.
        begun (datetime, optional): First start.
        duration (timedelta): Of all starts together, pauses left out.
        starts (int): How often it was started.
        summary (dict): Counts of the last merge; empty if it is not finished.
        doctor (dict): The doctor's report; empty without one.
        weights (str): File of the encoder's weights as the config named it.
    """
    folder: str
    config: str = ''
    checkpoint: str = ''
    input: str = ''
    hashes: dict = field(default_factory=dict)
    version: str = ''
    chunks: int = 0
    begun: datetime | None = None
    duration: timedelta = timedelta(0)
    starts: int = 0
    summary: dict = field(default_factory=dict)
    doctor: dict = field(default_factory=dict)
    weights: str = ''


def is_run_folder(path: str | Path) -> bool:
    """Whether a folder is the run folder of a label run."""
    return (Path(path) / 'manifest.json').is_file()


def find_run_folder(path: str | Path) -> str | None:
    """The run folder that a person means by a folder, None if there is none.

    Args:
        path (str | Path): A run folder, or the folder of ``mal auto`` or of a
            training that holds one as ``masks.run``.
    """
    for folder in (Path(path), Path(path) / 'masks.run'):
        if is_run_folder(folder):
            return os.fspath(folder)
    return None


def run_folder_of(masks: str | Path) -> Path:
    """Where the run folder of a masks JSON lies unless a person moved it."""
    return Path(os.path.splitext(masks)[0] + '.run')


def masks_of_run(folder: str | Path) -> Path | None:
    """The masks JSON that a run wrote, None if it is not there (any more)."""
    out_file = read_object(Path(folder) / 'summary.json').get('out_file')
    beside = Path(os.fspath(folder).rstrip('/').removesuffix('.run') + '.json')
    for path in (beside, Path(out_file) if isinstance(out_file, str) else beside):
        if path.is_file():
            return path
    return None


def read_run_facts(folder: str | Path) -> RunFacts:
    """Read what a run folder tells; what is missing stays empty.

    Args:
        folder (str | Path): With ``manifest.json``.

    Returns:
        RunFacts: Of this run.

    Raises:
        UserError: it is no run folder, or a file in it is broken.
    """
    folder = Path(folder)
    if not is_run_folder(folder):
        raise UserError(f'{folder}: no manifest.json there; expected the run '
                        'folder of a label run (masks.run beside masks.json)')
    manifest = read_object(folder / 'manifest.json')
    names = manifest.get('names') or {}
    facts = RunFacts(
        str(folder), *(str(names.get(key) or '')
                       for key in ('config', 'checkpoint', 'input')),
        hashes={key: str(manifest.get(f'{key}_sha256') or '')
                for key in ('config', 'checkpoint', 'input')},
        version=str(manifest.get('version') or ''),
        chunks=int(manifest.get('num_chunks') or 0),
        summary=read_object(folder / 'summary.json'))
    reports = sorted(folder.glob('doctor*.json'))
    if reports:
        facts.doctor = read_doctor(reports[0])
    _add_times(facts, folder / 'log')
    _add_weights(facts, folder)
    return facts


def read_doctor(doctor: str | Path | Mapping) -> dict[str, Any]:
    """The doctor's report without its list of findings.

    Args:
        doctor (str | Path | Mapping): The report or its file.

    Returns:
        dict: As the doctor saves it; ``findings`` cut to the first 50.

    Raises:
        UserError: the file is absent or no such report.
    """
    if isinstance(doctor, Mapping):
        report = dict(doctor)
    else:
        if not Path(doctor).is_file():
            raise UserError(f"{doctor}: no such file; expected the doctor's report")
        report = read_object(Path(doctor))
    if not isinstance(report.get('kinds'), Mapping):
        raise UserError(f"{doctor if not isinstance(doctor, Mapping) else 'doctor'}"
                        ": no doctor's report (it has no 'kinds'); write one with "
                        'mal doctor BOXES --json FILE')
    report['findings'] = list(report.get('findings') or [])[:50]
    return report


def images_of_run(folder: str | Path) -> str | None:
    """Where the images of a run were, as far as its own logs tell.

    The dumped config is parsed and not run: a file that lies in a folder of
    results must not be able to do anything.

    Args:
        folder (str | Path): The run folder.

    Returns:
        str | None: The folder of the images if it is still there.
    """
    names = read_object(Path(folder) / 'manifest.json').get('names') or {}
    if isinstance(names.get('images'), str) and os.path.exists(names['images']):
        return names['images']
    dataset = _keyword(_dumped_setting(folder, 'test_dataloader'), 'dataset')
    prefix = _text(_keyword(_keyword(dataset, 'data_prefix'), 'img'))
    if prefix is None:
        return None
    path = os.path.join(_text(_keyword(dataset, 'data_root')) or '', prefix)
    return path if os.path.isdir(path) else None


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object from a small file, empty if the file is not there.

    Raises:
        UserError: it is there and broken.
    """
    try:
        value = json.loads(path.read_text(encoding='utf-8'))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UserError(f'{path}: cannot be read as JSON ({error})') from error
    if not isinstance(value, dict):
        raise UserError(f'{path}: expected a JSON object')
    return value


def _dumped_setting(folder: str | Path, name: str) -> ast.AST | None:
    """A top-level setting of the config that the last start dumped."""
    for config in sorted(Path(folder).glob('logs*/*/vis_data/config.py'))[::-1]:
        try:
            tree = ast.parse(config.read_text(encoding='utf-8'))
        except (OSError, SyntaxError, ValueError):
            continue
        for node in tree.body:
            if (isinstance(node, ast.Assign)
                    and isinstance(node.targets[0], ast.Name)
                    and node.targets[0].id == name):
                return node.value
    return None


def _keyword(node: ast.AST | None, name: str) -> ast.AST | None:
    """The argument of a ``dict(name=…)``."""
    for keyword in getattr(node, 'keywords', ()):
        if keyword.arg == name:
            return keyword.value
    return None


def _text(node: ast.AST | None) -> str | None:
    value = getattr(node, 'value', None)
    return value if isinstance(value, str) else None


def _add_times(facts: RunFacts, log: Path) -> None:
    """Sum the times of all starts."""
    if not log.is_file():
        return
    begun = last = None
    for line in log.read_text(encoding='utf-8', errors='replace').splitlines():
        stamp = _STAMP.match(line)
        if not stamp:
            continue
        try:
            now = datetime.strptime(stamp[1], _STAMP_FORMAT)
        except ValueError:
            continue
        if _START.match(stamp[2]):
            facts.starts += 1
            facts.begun = facts.begun or now
            if begun is not None:
                facts.duration += last - begun
            begun = now
        last = now
    if begun is not None:
        facts.duration += last - begun


def _add_weights(facts: RunFacts, folder: Path) -> None:
    """Take the file of the encoder's weights from the dumped config."""
    model = _dumped_setting(folder, 'model')
    network = _keyword(model, 'network')
    facts.weights = (_text(_keyword(model, 'pretrained'))
                     or _text(_keyword(network, 'pretrained')) or '')
