"""The effect of each row of a grid on several data sets, in one table."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmdet_mal.ablation.comparison import SizeScore, compare
from mmdet_mal.ablation.data import AblationData
from mmdet_mal.ablation.grid import Grid
from mmdet_mal.evaluation.bootstrap import bootstrap_interval
from mmdet_mal.evaluation.mask_iou import human_rles
from mmdet_mal.experiments.folder import ExperimentFolder, write_json
from mmdet_mal.labelling.box_bar import box_bar
from mmdet_mal.labelling.files import write_then_rename
from mmdet_mal.labelling.manifest import hash_file
from mmdet_mal.utils.json_values import without_nan
from mmdet_mal.version import __version__

from .build import build_groups
from .columns import Columns, columns_of
from .effects_report import markdown, table_rows
from .job import fingerprint
from .overlap_effects import overlap_ious
from .score_file import ScoreFile
from .scoring import make_dataset, score_group

RESULTS = 'results.json'
REPORT = 'results.md'


@dataclass(frozen=True)
class SetEffects:
    """What was measured on one data set.

    Attributes:
        rows: scores by row and size; differences are to the base.
        overlaps: by overlap rule ``changed`` masks, of them ``better`` and
            ``worse``, and the mean ``difference`` of their IoU with ``low`` and
            ``high``, its 95 % interval.
    """

    rows: dict[str, dict[str, SizeScore]]
    overlaps: dict[str, dict[str, float]]


class EffectsRun:
    """Labels data sets with all rows of a grid and compares with the base.

    Rows share the network's passes; what is done is kept, chunk by chunk.

    Args:
        grid (Grid): its base is the labeller as shipped.
        sets (Mapping[str, AblationData]): by name.
        out (Path): folder of the experiment.
        checkpoint (str, optional): weights of a trained labeller.
    """

    def __init__(self, grid: Grid, sets: Mapping[str, AblationData], out: Path,
                 checkpoint: str | None = None) -> None:
        self._grid = grid
        self._sets = dict(sets)
        self._out = out
        self._groups = build_groups(grid, checkpoint)

    def run(self) -> list[list[str]]:
        """Do what is left and write the results.

        Returns:
            list: heading and rows of the table.

        Raises:
            UserError: the folder belongs to something else, or a file is at
                fault.
        """
        manifest = dict(kind='switch effects', grid=self._grid.name,
                        version=__version__)
        with ExperimentFolder(self._out, manifest):
            effects: dict[str, SetEffects] = {}
            for name, data in self._sets.items():
                effects[name] = self._measure(name, data)
                # A table of the sets so far is there early.
                rows = table_rows(self._grid, effects)
                self._write(effects, rows)
        return rows

    def _measure(self, name: str, data: AblationData) -> SetEffects:
        human = data.scored()
        targets = human_rles(human)
        key = f'{name}-{hash_file(data.human)[:8]}-{data.score_number or "all"}'
        boxes = self._out / 'boxes' / f'{key}.json'
        data.write_score_boxes(boxes)
        columns: dict[str, Columns] = {}
        overlaps: dict[str, dict[str, float]] = {}
        total = len(targets) * len(self._groups)
        with box_bar(total, text=name) as bar:
            for group in self._groups:
                scores = ScoreFile(self._out / 'scores' / (
                    f'{key}-{fingerprint(group)}.jsonl'))
                base = self._grid.base if self._grid.base in group.models else None
                dataset = make_dataset(group, str(boxes), data.score_images)
                score_group(group, dataset, targets, scores, base, bar.update)
                columns.update(columns_of(scores.ious(), human))
                if base:
                    overlaps = self._overlaps(human, targets, scores, columns[base])
        base_columns = columns[self._grid.base]
        return SetEffects({
            cell.name: compare({0: columns[cell.name]},
                               None if cell.name == self._grid.base else
                               {0: base_columns}) for cell in self._grid.cells},
            overlaps)

    def _overlaps(self, human: dict, targets: Mapping[int, dict],
                  scores: ScoreFile, base: Columns) -> dict[str, dict[str, float]]:
        """Effects of the overlap rules on the masks of the base."""
        masks: dict[int, Any] = {}
        for line in scores.lines():
            masks.update((int(key), mask) for key, mask in line['masks'].items())
        before = dict(zip(base['ann_ids'].tolist(), base['ious'], strict=True))
        images = dict(zip(base['ann_ids'].tolist(), base['image_ids'], strict=True))
        found = {}
        for rule, ious in overlap_ious(human, masks, targets).items():
            ids = sorted(ious)
            gains = np.array([ious[i] - before[i] for i in ids])
            low, high = bootstrap_interval(
                gains, np.array([images[i] for i in ids], np.int64))
            found[rule] = dict(
                changed=len(ids), better=int((gains > 0).sum()),
                worse=int((gains < 0).sum()),
                difference=float(gains.mean()) if ids else math.nan,
                low=low, high=high, over_all=float(gains.sum()) / len(before))
        return found

    def _write(self, effects: Mapping[str, SetEffects],
               rows: list[list[str]]) -> None:
        write_json(self._out / RESULTS, dict(
            grid=self._grid.name, title=self._grid.title, base=self._grid.base,
            sets={name: dict(
                rows={row: {size: without_nan(vars(score)) for size, score
                            in sizes.items()}
                      for row, sizes in effect.rows.items()},
                overlaps={rule: without_nan(values) for rule, values
                          in effect.overlaps.items()})
                for name, effect in effects.items()}))
        with write_then_rename(str(self._out / REPORT)) as file:
            file.write(markdown(self._grid, effects, rows))


