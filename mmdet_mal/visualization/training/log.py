"""What a training wrote about itself: MMEngine's logs, resumed runs joined."""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mmdet_mal.utils.errors import UserError

_SCALARS = 'scalars.json'
# MMEngine's names of the folders of one start.
_STARTED = re.compile(r'\d{8}_\d{6}')
_RESUMED = re.compile(r'resumed epoch: \d+, iter: (\d+)')
# As NanGuardHook logs them.
_SKIPPED = re.compile(r'Step skipped, not finite: .* at iteration (\d+);')
_WEIGHTS = re.compile(r'Loaded \d+ tensors of (.+) into the encoder'
                      r'(?:; licence of these weights: (.+))?')
_TIME = re.compile(r'(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) - ')
_TIME_FORMAT = '%Y/%m/%d %H:%M:%S'


@dataclass
class TrainingLog:
    """One training, however often it was resumed.

    Attributes:
        name (str): For legends.
        columns (dict): For each logged name the iterations and the values,
            two lists of one length; iterations ascend.
        epochs (tuple): Iterations and epochs (from 1), likewise.
        resumed_at (list[int]): Iterations after which it was resumed.
        skipped (list[int]): Iterations whose step was skipped, ascending.
        weights (str): File of the encoder's weights, '' if none was logged.
        licence (str): Of these weights, likewise.
        begun (datetime, optional): First line of the log.
        duration (timedelta): Time of all parts together, as far as the text
            logs tell; what a part did after its last checkpoint counts, too.
    """
    name: str
    columns: dict[str, tuple[list[int], list[float]]] = field(
        default_factory=dict)
    epochs: tuple[list[int], list[int]] = field(
        default_factory=lambda: ([], []))
    resumed_at: list[int] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    weights: str = ''
    licence: str = ''
    begun: datetime | None = None
    duration: timedelta = timedelta(0)

    @property
    def last_iteration(self) -> int:
        """The last one that was logged."""
        return max((steps[-1] for steps, _ in self.columns.values()), default=0)

    @property
    def last_epoch(self) -> int:
        """The last one that was logged, from 1; 0 if none."""
        return self.epochs[1][-1] if self.epochs[1] else 0

    def loss_names(self) -> list[str]:
        """The total loss and its parts, as far as they were logged."""
        return [name for name in self.columns if 'loss' in name]

    def final(self, name: str) -> float | None:
        """Last value of a column, None if it was not logged."""
        column = self.columns.get(name)
        return column[1][-1] if column else None


@dataclass
class _Part:
    """One start of a training: what it logged, after which iteration it began."""
    after: int
    records: list[dict[str, Any]]
    skipped: list[int]
    text: str


def find_training(path: str | Path) -> bool:
    """Whether a folder holds the logs of a training."""
    return any(True for _ in _scalar_files(Path(path)))


def read_training_log(path: str | Path, name: str | None = None) -> TrainingLog:
    """Read the logs of a training.

    A start that resumed takes the place of what was logged after the
    iteration from which it went on; a start from the beginning, of everything
    before it.

    Args:
        path (str | Path): The work folder, the folder of one start in it, or a
            ``scalars.json``.
        name (str, optional): For legends; by default that of the folder.

    Returns:
        TrainingLog: Everything that all starts logged.

    Raises:
        UserError: there are no logs of a training, or one of them is broken
            elsewhere than in its last line, which a crash may have torn.
    """
    path = Path(path)
    files = list(_scalar_files(path))
    parts = [part for part in map(_read_part, files) if part.records]
    if not parts:
        raise UserError(
            f'{path}: no log of a training there (expected */vis_data/{_SCALARS} '
            'with losses, as MMEngine writes it); name the work folder of a '
            'training that has logged at least once')
    # The folder of a work folder's only start says nothing in a legend.
    log = TrainingLog(name or path.resolve().name)
    for number, part in enumerate(parts):
        end = parts[number + 1].after if number + 1 < len(parts) else math.inf
        later = min((p.after for p in parts[number + 1:]), default=math.inf)
        _add(log, part, min(end, later))
    return log


def _scalar_files(path: Path) -> Iterator[Path]:
    """The logs of all starts, oldest first."""
    if path.is_file():
        yield path
        return
    if (path / 'vis_data' / _SCALARS).is_file():
        yield path / 'vis_data' / _SCALARS
        return
    if path.is_dir():
        for folder in sorted(path.iterdir()):
            file = folder / 'vis_data' / _SCALARS
            if _STARTED.fullmatch(folder.name) and file.is_file():
                yield file


def _read_part(file: Path) -> _Part:
    """Read one start: its scalars and its text log, if that is there."""
    folder = file.parent.parent
    text = ''.join(log.read_text(encoding='utf-8', errors='replace')
                   for log in sorted(folder.glob('*.log'))[:1])
    records = [r for r in _records(file) if _is_training(r)]
    resumed = _RESUMED.search(text)
    return _Part(int(resumed[1]) if resumed else 0, records,
                 [int(step) for step in _SKIPPED.findall(text)], text)


def _records(file: Path) -> Iterator[dict[str, Any]]:
    """The lines of a log; a torn last one is left out."""
    try:
        lines = file.read_text(encoding='utf-8').splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f'{file}: cannot be read as a log '
                        f'({error.__class__.__name__})') from error
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
            if not isinstance(record, dict):
                raise ValueError('no object')
        except ValueError as error:
            if number == len(lines):
                return
            raise UserError(f'{file}, line {number}: no JSON object as MMEngine '
                            'writes one a line; is this a log of '
                            'LocalVisBackend?') from error
        yield record


def _is_training(record: Mapping) -> bool:
    """Whether a line tells of training steps, not of a validation."""
    return _is_number(record.get('iter')) and any(
        'loss' in key or key == 'lr' for key in record)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _add(log: TrainingLog, part: _Part, end: float) -> None:
    """Add what a part logged up to the iteration from which the next went on."""
    if part.after:
        log.resumed_at.append(part.after)
    log.resumed_at = [step for step in log.resumed_at if step <= end]
    for record in part.records:
        step = int(record['iter'])
        if step > end:
            break
        for key, value in record.items():
            if key in ('iter', 'step', 'epoch') or not _is_number(value):
                continue
            steps, values = log.columns.setdefault(key, ([], []))
            steps.append(step)
            values.append(float(value))
        if _is_number(record.get('epoch')):
            log.epochs[0].append(step)
            log.epochs[1].append(int(record['epoch']))
    log.skipped += [step for step in part.skipped if step <= end]
    log.columns = {key: col for key, col in log.columns.items() if col[0]}
    _add_facts(log, part.text)


def _add_facts(log: TrainingLog, text: str) -> None:
    """Take weights, licence and times from a text log."""
    weights = _WEIGHTS.search(text)
    if weights and not log.weights:
        log.weights, log.licence = weights[1], (weights[2] or '').strip()
    times = _TIME.findall(text)
    if times:
        first, last = (datetime.strptime(t, _TIME_FORMAT)
                       for t in (times[0], times[-1]))
        log.begun = log.begun or first
        log.duration += last - first


def name_logs(paths: Sequence[str | Path]) -> list[TrainingLog]:
    """Read several trainings under names that tell them apart.

    Args:
        paths (Sequence): As for :func:`read_training_log`; one may be written
            as ``NAME=PATH``.

    Returns:
        list[TrainingLog]: One each, in order.

    Raises:
        UserError: as :func:`read_training_log` does.
    """
    logs: list[TrainingLog] = []
    for path in map(str, paths):
        name, found, rest = path.partition('=')
        if found and name and not Path(path).exists():
            log = read_training_log(rest, name)
        else:
            log = read_training_log(path)
        if log.name in {other.name for other in logs}:
            log.name = f'{log.name} ({len(logs) + 1})'
        logs.append(log)
    return logs
