"""One cell with one seed: train, label, score; resumes where it stopped."""

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from mmengine.config import Config

from mmdet_mal.experiments.command import run_step
from mmdet_mal.experiments.folder import read_json, write_json
from mmdet_mal.experiments.running_steps import RunningSteps
from mmdet_mal.experiments.steps import timed, train_once
from mmdet_mal.labelling.weights import needs_checkpoint
from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.shipped import shipped_root

from .data import AblationData
from .grid import Cell
from .scoring import IOUS, MASKS, SCORES, score_command, score_masks

# Shares of a cell's time before its own steps have been measured.
_TRAIN_SECONDS_AN_ITERATION = 1.5
_LABEL_SECONDS_A_BOX = .15
_START_SECONDS = 20.

# MMEngine formats configs with yapf, which keeps its style for the process.
_CONFIG_LOCK = threading.Lock()

Listener = Callable[[str, float, float, int], Callable[[str], None]]


class CellRun:
    """A cell of a grid with one seed, in a folder of its own.

    Attributes:
        cell: the cell.
        seed: of the training.
        folder: ``config.py``, ``train/``, ``masks.json``, ``result.json``,
            ``ious.npz``, ``seconds.json``, ``log.txt``.
        iterations: of its training, 0 if it needs none.
    """

    def __init__(self, cell: Cell, seed: int, config: Config, iterations: int,
                 folder: Path) -> None:
        self.cell = cell
        self.seed = seed
        self.folder = folder
        self.iterations = iterations
        self._config = config

    @property
    def name(self) -> str:
        """Cell and seed, for people."""
        return f'{self.cell.name}, seed {self.seed}'

    @property
    def state(self) -> str:
        """``'done'``, ``'begun'`` or ``'to do'``."""
        if (self.folder / 'result.json').is_file():
            return 'done'
        return 'begun' if self.folder.exists() else 'to do'

    @property
    def seconds(self) -> dict[str, float]:
        """Time spent so far by step: ``train``, ``label``, ``score``."""
        path = self.folder / 'seconds.json'
        return read_json(path) if path.is_file() else {}

    def result(self) -> dict:
        """What ``result.json`` holds: the scores by size, and the seconds."""
        return read_json(self.folder / 'result.json')

    def ious(self) -> dict[str, np.ndarray]:
        """Columns ``ann_ids``, ``image_ids``, ``box_areas`` and ``ious``, (n,).

        Raises:
            UserError: the file is missing or damaged.
        """
        path = self.folder / IOUS
        try:
            with np.load(path, allow_pickle=False) as columns:
                return dict(columns)
        except (OSError, ValueError, EOFError, KeyError) as error:
            raise UserError(f'{path}: cannot be read ({error}); remove '
                            f'{self.folder / "result.json"} to score the cell '
                            'again') from None

    def expected_seconds(self, boxes: int, measured: Sequence['CellRun']) -> float:
        """Time of the whole cell, from cells that are done.

        Args:
            boxes (int): that are labelled.
            measured (Sequence[CellRun]): cells that are done; without any, a
                guess that serves as a weight only.
        """
        rates = [run.seconds['train'] / run.iterations for run in measured
                 if run.iterations and run.seconds.get('train')]
        labels = [run.seconds['label'] for run in measured
                  if run.seconds.get('label')]
        train = float(np.median(rates)) if rates else _TRAIN_SECONDS_AN_ITERATION
        label = (float(np.median(labels)) if labels else
                 _START_SECONDS + boxes * _LABEL_SECONDS_A_BOX)
        return train * self.iterations + label

    def run(self, boxes: Path, data: AblationData, human: dict,
            listener: Listener, keep_open: Sequence[int] = (),
            environment: Mapping[str, str] | None = None,
            running: RunningSteps | None = None) -> None:
        """Do what is left to do.

        Args:
            boxes (Path): JSON with the boxes that are labelled.
            data (AblationData): where their images and human masks are.
            human (dict): COCO dictionary of the same boxes with human masks.
            listener (Callable): as :meth:`PartsBar.listener`.
            keep_open (Sequence[int]): as in :func:`run_step`.
            environment (Mapping[str, str], optional): as in :func:`run_step`.
            running (RunningSteps, optional): as in :func:`run_step`; the masks
                are then scored in a process of their own too.

        Raises:
            UserError: a step failed.
            StepStopped: ``running`` was stopped.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self._write_config()
        log = self.folder / 'log.txt'
        count = sum(1 for ann in human['annotations'])
        whole = self.expected_seconds(count, [])
        trained = (_TRAIN_SECONDS_AN_ITERATION * self.iterations) / whole
        checkpoint = None
        if needs_checkpoint(self._config):
            checkpoint = train_once(
                self.folder, self._tool('train'), config,
                listener(f'{self.name}: train', 0., trained,
                         self._config.train_cfg.max_epochs),
                keep_open, environment, running)
        with timed(self.folder, 'label'):
            run_step(
                ['python', self._tool('label'), str(config),
                 *([checkpoint] if checkpoint else []), '--ann', str(boxes),
                 '--images', data.score_images, '--out', str(self.folder / MASKS)],
                log, listener(f'{self.name}: label', trained, .98, 1),
                environment, keep_open, running)
        on_line = listener(f'{self.name}: score', .98, 1., 1)
        with timed(self.folder, 'score'):
            if running is None:
                scores = score_masks(self.folder, human)
            else:
                run_step(score_command(self.folder, data.human, data.score_number),
                         log, on_line, environment, keep_open, running)
                scores = read_json(self.folder / SCORES)
            # Last, since it says that the cell is done.
            write_json(self.folder / 'result.json', dict(
                cell=self.cell.name, seed=self.seed, iterations=self.iterations,
                seconds=self.seconds, **scores))
        (self.folder / SCORES).unlink(missing_ok=True)

    def _write_config(self) -> Path:
        path = self.folder / 'config.py'
        if not path.exists():
            temporary = self.folder / 'config_new.py'
            with _CONFIG_LOCK:
                self._config.dump(str(temporary))
            temporary.replace(path)
        return path

    @staticmethod
    def _tool(name: str) -> str:
        return str(shipped_root() / 'tools' / f'{name}.py')
