"""Labellers on loose boxes: what is left to do is done, and the table written."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmdet_mal.ablation.data import AblationData
from mmdet_mal.evaluation.mask_iou import human_rles
from mmdet_mal.evaluation.report import markdown_table, text_table
from mmdet_mal.experiments.folder import ExperimentFolder, write_json
from mmdet_mal.labelling.box_bar import box_bar
from mmdet_mal.labelling.files import write_then_rename
from mmdet_mal.labelling.manifest import hash_file
from mmdet_mal.variants.build import VariantGroup
from mmdet_mal.variants.columns import columns_of
from mmdet_mal.variants.job import fingerprint
from mmdet_mal.variants.score_file import ScoreFile
from mmdet_mal.variants.scoring import make_dataset, score_group
from mmdet_mal.version import __version__

from .baseline_scores import score_baseline
from .curve import Columns, curve_rows, points_of
from .kinds import KINDS
from .loosen import loosen_boxes, mean_box_iou
from .plot import write_curve_plot

RESULTS = 'results.json'
REPORT = 'results.md'
PLOT = 'results.png'


class LooseRun:
    """Labels the same boxes at several levels by several labellers.

    A level of a labeller is kept as soon as a chunk of it is done; labellers and
    levels may be added later to the same folder.

    Args:
        data (AblationData): human masks and where the images are.
        labellers (Mapping[str, list[VariantGroup]]): groups by the name of
            their grid; of each grid the first row is what the others are
            compared with.
        baselines (Sequence[str]): keys of ``BASELINES``.
        levels (Sequence[float]): shares of the box's size.
        out (Path): folder of the experiment.
        kind (str): key of :data:`.kinds.KINDS`.
        seed (int): of the boxes' directions.
    """

    def __init__(self, data: AblationData,
                 labellers: Mapping[str, list[VariantGroup]],
                 baselines: Sequence[str], levels: Sequence[float], out: Path,
                 kind: str = 'both', seed: int = 0) -> None:
        self._data = data
        self._labellers = labellers
        self._baselines = baselines
        self._levels = sorted(set(levels))
        self._kind = kind
        self._seed = seed
        self._out = out

    def run(self) -> str:
        """Do what is left and write the results.

        Returns:
            str: the table, for a terminal.

        Raises:
            UserError: the folder belongs to something else, or a file is at
                fault.
        """
        # First: a folder that was begun with a bad file would refuse the good one.
        human = self._data.scored()
        targets = human_rles(human)
        manifest = dict(
            kind='loose boxes', how=self._kind, seed=self._seed,
            version=__version__, human_sha256=hash_file(self._data.human),
            score_number=self._data.score_number)
        with ExperimentFolder(self._out, manifest):
            curves = self._score(human, targets)
            return self._write(len(targets), *curves)

    def _score(self, human: dict, targets: dict[int, dict]) -> tuple[
            dict[str, dict[float, Columns]], dict[str, str], dict[float, float]]:
        """IoUs by labeller and level; the base of each; mean IoU of boxes."""
        groups = [(name, group) for name, groups in self._labellers.items()
                  for group in groups]
        steps = len(self._levels) * (len(groups) + len(self._baselines))
        columns: dict[str, dict[float, Columns]] = {}
        bases: dict[str, str] = {}
        first_rows: dict[str, str] = {}
        box_ious: dict[float, float] = {}
        several = len(self._labellers) + len(self._baselines) > 1
        with box_bar(steps * len(targets), text='label loose boxes') as bar:
            for level in self._levels:
                loose = loosen_boxes(human, level, self._kind, self._seed)
                box_ious[level] = mean_box_iou(human, loose)
                boxes = self._out / 'boxes' / f'{100 * level:g}.json'
                if not boxes.exists():
                    boxes.parent.mkdir(exist_ok=True)
                    write_json(boxes, loose)
                for name in self._baselines:
                    scores = ScoreFile(
                        self._out / 'scores' / f'{name}-{100 * level:g}.jsonl')
                    score_baseline(name, loose, self._data.score_images, targets,
                                   scores, bar.update)
                    columns.setdefault(name, {})[level] = columns_of(
                        scores.ious(), human)[name]
                for grid, group in groups:
                    scores = ScoreFile(self._out / 'scores' / (
                        f'{fingerprint(group)}-{100 * level:g}.jsonl'))
                    dataset = make_dataset(group, str(boxes),
                                           self._data.score_images)
                    score_group(group, dataset, targets, scores, tick=bar.update)
                    for cell, found in columns_of(scores.ious(), human).items():
                        rows = sum(len(g.models) for g in self._labellers[grid])
                        name = (grid if rows == 1 else
                                f'{grid}: {cell}' if several else cell)
                        bases[name] = first_rows.setdefault(grid, name)
                        columns.setdefault(name, {})[level] = found
                    _log(f'{grid}, boxes off by {100 * level:g} %: done')
        return columns, bases, box_ious

    def _write(self, boxes: int, columns: dict[str, dict[float, Columns]],
               bases: Mapping[str, str], box_ious: Mapping[float, float]) -> str:
        curves = {name: points_of(by_level, base=_base_of(name, bases, columns))
                  for name, by_level in columns.items()}
        title = f'Boxes {KINDS[self._kind]}'
        content: dict[str, Any] = dict(
            title=title, how=self._kind, seed=self._seed,
            boxes=boxes, levels=self._levels,
            mean_box_iou={f'{level:g}': iou for level, iou in box_ious.items()},
            labellers={name: {f'{level:g}': point.to_json()
                              for level, point in points.items()}
                       for name, points in curves.items()},
            sizes={size: {name: {f'{level:g}': point.to_json() for level, point
                                 in points_of(by_level, size).items()}
                          for name, by_level in columns.items()}
                   for size in ('ge32', 'small', 'medium', 'large')})
        write_json(self._out / RESULTS, content)
        write_curve_plot(self._out / PLOT, title, curves)
        rows = curve_rows(curves, self._levels)
        rows.append(['mean IoU of the boxes themselves',
                     *(f'{box_ious[level]:.3f}' for level in self._levels)])
        kept = curve_rows(curves, self._levels, 'kept')
        gains = curve_rows(curves, self._levels, 'gain')
        with write_then_rename(str(self._out / REPORT)) as file:
            file.write(_markdown(title, boxes, rows, kept, gains))
        text = text_table(rows)
        return text + ('\n' + text_table(gains) if len(gains) > 1 else '')


def _base_of(name: str, bases: Mapping[str, str],
             columns: Mapping[str, dict[float, Columns]]
             ) -> dict[float, Columns] | None:
    base = bases.get(name)
    return None if base in (None, name) else columns[base]


def _markdown(title: str, boxes: int, rows: list[list[str]],
              kept: list[list[str]], gains: list[list[str]]) -> str:
    parts = [f'# {title}\n', markdown_table(rows),
             f'Mean IoU with the human masks of {boxes} boxes, with 95 % intervals '
             'by bootstrap over images. Directions belong to the box and are the '
             'same at every level.\n',
             f'![curves]({PLOT})\n',
             '## Share of the IoU with true boxes\n', markdown_table(kept)]
    if len(gains) > 1:
        parts += ['## Less the first row of its grid, paired by box\n',
                  markdown_table(gains)]
    return '\n'.join(parts)


def _log(text: str) -> None:
    if not sys.stderr.isatty():  # the bar is enough for one who watches
        print(text, file=sys.stderr, flush=True)

