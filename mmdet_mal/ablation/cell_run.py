"""One cell with one seed: train, label, score; resumes where it stopped."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from mmengine.config import Config

from mmdet_mal.evaluation.mask_iou import mask_ious
from mmdet_mal.evaluation.scores import labeller_scores
from mmdet_mal.experiments.command import run_step
from mmdet_mal.experiments.folder import read_json, write_json
from mmdet_mal.experiments.steps import timed, train_once
from mmdet_mal.labelling.weights import needs_checkpoint
from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.shipped import shipped_root

from .grid import Cell

# Shares of a cell's time before its own steps have been measured.
_TRAIN_SECONDS_AN_ITERATION = 1.5
_LABEL_SECONDS_A_BOX = .15
_START_SECONDS = 20.

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
        path = self.folder / 'ious.npz'
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

    def run(self, boxes: Path, images: str, human: dict,
            listener: Listener, keep_open: Sequence[int] = ()) -> None:
        """Do what is left to do.

        Args:
            boxes (Path): JSON with the boxes that are labelled.
            images (str): where their images are.
            human (dict): COCO dictionary of the same boxes with human masks.
            listener (Callable): as :meth:`PartsBar.listener`.
            keep_open (Sequence[int]): as in :func:`run_step`.

        Raises:
            UserError: a step failed.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self._write_config()
        count = sum(1 for ann in human['annotations'])
        whole = self.expected_seconds(count, [])
        trained = (_TRAIN_SECONDS_AN_ITERATION * self.iterations) / whole
        checkpoint = None
        if needs_checkpoint(self._config):
            checkpoint = self._train(config, listener, trained, keep_open)
        masks = self.folder / 'masks.json'
        with timed(self.folder, 'label'):
            run_step(
                ['python', self._tool('label'), str(config),
                 *([checkpoint] if checkpoint else []), '--ann', str(boxes),
                 '--images', images, '--out', str(masks)],
                self.folder / 'log.txt',
                listener(f'{self.name}: label', trained, .98, 1),
                keep_open=keep_open)
        listener(f'{self.name}: score', .98, 1., 1)
        with timed(self.folder, 'score'):
            self._score(masks, human)

    def _write_config(self) -> Path:
        path = self.folder / 'config.py'
        if not path.exists():
            temporary = self.folder / 'config_new.py'
            self._config.dump(str(temporary))
            temporary.replace(path)
        return path

    def _train(self, config: Path, listener: Listener, share: float,
               keep_open: Sequence[int]) -> str:
        """Train, or go on; returns the path of the last checkpoint."""
        return train_once(
            self.folder, self._tool('train'), config,
            listener(f'{self.name}: train', 0., share,
                     self._config.train_cfg.max_epochs), keep_open)

    def _score(self, masks: Path, human: dict) -> None:
        columns = mask_ious(str(masks), human)
        scores = labeller_scores(columns, human, worst=0)
        # Written before the result, which says that the cell is done.
        temporary = self.folder / 'ious_new.npz'
        np.savez_compressed(
            temporary, ann_ids=columns.ann_ids, image_ids=columns.image_ids,
            box_areas=columns.box_areas, ious=columns.ious)
        temporary.replace(self.folder / 'ious.npz')
        write_json(self.folder / 'result.json', dict(
            cell=self.cell.name, seed=self.seed, iterations=self.iterations,
            seconds=self.seconds, missing=int(columns.missing.sum()),
            sizes=_plain(scores['sizes'])))

    @staticmethod
    def _tool(name: str) -> str:
        return str(shipped_root() / 'tools' / f'{name}.py')


def _plain(sizes: dict) -> dict:
    """The same with null for nan, which JSON does not know."""
    return json.loads(json.dumps(sizes).replace('NaN', 'null'))
