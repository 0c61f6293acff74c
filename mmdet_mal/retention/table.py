"""The paper's table of retention: text, Markdown, JSON, a plot."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mmdet_mal.evaluation.report import markdown_table
from mmdet_mal.evaluation.retention import METRICS, retention
from mmdet_mal.labelling.files import check_writable, write_then_rename
from mmdet_mal.utils.json_values import without_nan
from mmdet_mal.visualization.figures import new_figure, plain, write_figure

HUMAN = 'human'
# Below it a detector has hardly begun to learn, and ratios of its AP are noise.
MEANINGFUL_AP = .01


@dataclass(frozen=True)
class RetentionTable:
    """Mask AP of one detector trained on several kinds of masks.

    Attributes:
        human: mask AP with human masks, by key of ``METRICS``, in [0, 1];
            empty if it is not known (yet).
        others: the same by name of the masks, in the table's order.
        mask_iou: mean IoU of the training masks with the human ones, by name;
            empty if not known.
        notes: what a reader should know.
        details: further values for the JSON.
    """

    human: Mapping[str, float]
    others: Mapping[str, Mapping[str, float]]
    mask_iou: Mapping[str, float] = field(default_factory=dict)
    notes: Sequence[str] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    def remarks(self) -> list[str]:
        """The notes, and a warning where AP is too low to be compared."""
        notes = list(self.notes)
        ap = self.human.get('AP')
        if ap is not None and ap < MEANINGFUL_AP:
            notes.append(
                f'mask AP with human masks is {100 * ap:.1f} %: the detector has '
                'hardly learned anything, and retention is noise; train longer')
        return notes

    @property
    def metrics(self) -> list[str]:
        """Columns: metrics that any row has."""
        rows = [self.human, *self.others.values()]
        return [name for name in METRICS if any(name in row for row in rows)]

    def rows(self) -> list[list[str]]:
        """AP in percent, a row a kind of masks, and what is kept of AP."""
        head = ['masks', *(['mask IoU'] if self.mask_iou else []), *self.metrics,
                'retention %']
        rows = [head]
        for name, scores in [*self.others.items(), (HUMAN, self.human)]:
            if not scores:
                continue
            kept = retention(scores, self.human).get('AP', math.nan)
            rows.append([
                name, *([_cell(self.mask_iou.get(name, math.nan), 1., 3)]
                        if self.mask_iou else []),
                *(_cell(scores.get(m, math.nan)) for m in self.metrics),
                _cell(kept)])
        return rows

    def retention_rows(self) -> list[list[str]]:
        """What is kept of each metric, in percent."""
        return [['retention %', *self.metrics], *(
            [name, *(_cell(retention(scores, self.human).get(m, math.nan))
                     for m in self.metrics)]
            for name, scores in self.others.items())]


def write_table(stem: str | Path, table: RetentionTable) -> list[str]:
    """Write ``.json``, ``.md`` and ``.png``.

    Args:
        stem (str | Path): path without suffix.
        table (RetentionTable): the rows.

    Returns:
        list[str]: the three paths.

    Raises:
        UserError: they cannot be written.
    """
    paths = [f'{stem}{suffix}' for suffix in ('.json', '.md', '.png')]
    for path in paths:
        check_writable(path, 'the table')
    with write_then_rename(paths[0]) as file:
        json.dump(_as_json(table), file, indent=2)
        file.write('\n')
    _write_plot(paths[2], table)
    with write_then_rename(paths[1]) as file:
        file.write(_markdown(table, Path(paths[2]).name))
    return paths


def _as_json(table: RetentionTable) -> dict[str, Any]:
    def entry(name: str, scores: Mapping[str, float]) -> dict[str, Any]:
        kept = retention(scores, table.human)
        return dict(ap=dict(scores), mask_iou=table.mask_iou.get(name),
                    retention=without_nan(kept))
    return dict(
        table.details, notes=table.remarks(),
        human=entry(HUMAN, table.human) if table.human else None,
        masks={name: entry(name, scores) for name, scores in table.others.items()})


def _markdown(table: RetentionTable, plot: str) -> str:
    parts = ['# Retention\n', 'Mask AP in percent of one detector, trained with '
             'the same recipe on each kind of masks and evaluated on human masks; '
             'retention is AP over that with human masks.\n',
             markdown_table(table.rows())]
    if table.human and table.others:
        parts.append(markdown_table(table.retention_rows()))
    notes = table.remarks()
    if notes:
        parts.append(markdown_table([['notes'], *([note] for note in notes)]))
    parts.append(f'![AP]({plot})\n')
    return '\n'.join(parts)


def _write_plot(path: str, table: RetentionTable) -> None:
    figure = new_figure(9, 4)
    axes = figure.subplots()
    shown = [*table.others.items(), *([(HUMAN, table.human)] if table.human else [])]
    width = .8 / max(len(shown), 1)
    places = np.arange(len(table.metrics))
    for number, (name, scores) in enumerate(shown):
        kept = retention(scores, table.human).get('AP', math.nan)
        label = name if name == HUMAN or math.isnan(kept) else (
            f'{name}: {100 * kept:.1f} % of {HUMAN}')
        axes.bar(places + number * width,
                 [100 * scores.get(m, math.nan) for m in table.metrics], width,
                 label=plain(label))
    axes.set_xticks(places + .4 - width / 2, table.metrics)
    axes.set(ylabel='mask AP, %')
    if shown:
        axes.legend(fontsize='small')
    axes.grid(axis='y', alpha=.3)
    write_figure(figure, path)


def _cell(value: float, factor: float = 100., digits: int = 1) -> str:
    return '-' if math.isnan(value) else f'{factor * value:.{digits}f}'
