"""The table of a grid: JSON, Markdown, a plot."""

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmdet_mal.evaluation.report import (HEADINGS, markdown_table, text_table)
from mmdet_mal.labelling.files import write_then_rename
from mmdet_mal.utils.json_values import without_nan

from .cell_run import CellRun
from .comparison import SizeScore, compare
from .grid import Grid
from .plot import write_plot

RESULTS = 'results.json'
REPORT = 'results.md'
PLOT = 'results.png'

Scores = dict[str, dict[str, SizeScore]]


def grid_scores(grid: Grid, runs: Sequence[CellRun]) -> Scores:
    """Scores of each cell with at least one seed done, in the grid's order."""
    columns: dict[str, dict[int, Mapping[str, np.ndarray]]] = {}
    for run in runs:
        if run.state == 'done':
            columns.setdefault(run.cell.name, {})[run.seed] = run.ious()
    base = columns.get(grid.base)
    return {cell.name: compare(columns[cell.name],
                               None if cell.name == grid.base else base)
            for cell in grid.cells if cell.name in columns}


def table_rows(grid: Grid, runs: Sequence[CellRun], scores: Scores,
               failed: Mapping[str, str]) -> list[list[str]]:
    """Heading and one row a cell.

    Mean IoU with the standard deviation over seeds where there are several,
    else with its 95 % interval for all boxes; the difference to the base with
    its 95 % interval.
    """
    with_paper = any(cell.paper is not None for cell in grid.cells)
    rows = [['cell', 'seeds', *HEADINGS.values(), f'less {grid.base}, all',
             *(['paper'] if with_paper else [])]]
    for cell in grid.cells:
        mine = [run for run in runs if run.cell.name == cell.name]
        done = [str(run.seed) for run in mine if run.state == 'done']
        row = [cell.name + (f' ({cell.note})' if cell.note else ''),
               ' '.join(done) or '-']
        if cell.name in scores:
            sizes = scores[cell.name]
            row += [_mean(sizes[size], interval=size == 'all') for size in HEADINGS]
            row.append('base' if cell.name == grid.base else _gain(sizes['all']))
        else:
            why = 'FAILED' if any(r.name in failed for r in mine) else 'to do'
            row += [why, *['-'] * (len(HEADINGS) - 1), '-']
        if with_paper:
            row.append('-' if cell.paper is None else f'{cell.paper:g}')
        rows.append(row)
    return rows


def write_results(out: Path, grid: Grid, runs: Sequence[CellRun],
                  failed: Mapping[str, str]) -> None:
    """Write ``results.json``, ``results.md`` and ``results.png``.

    Args:
        out (Path): folder of the experiment.
        grid (Grid): the grid.
        runs (Sequence[CellRun]): all of its cells, done or not.
        failed (Mapping): why cells failed, by the name of the run.
    """
    scores = grid_scores(grid, runs)
    rows = table_rows(grid, runs, scores, failed)
    with write_then_rename(str(out / RESULTS)) as file:
        json.dump(_results(grid, runs, scores, failed), file, indent=2)
        file.write('\n')
    if scores:
        write_plot(out / PLOT, grid, scores)
    with write_then_rename(str(out / REPORT)) as file:
        file.write(_markdown(grid, runs, scores, rows, failed))


def print_table(grid: Grid, runs: Sequence[CellRun],
                failed: Mapping[str, str]) -> None:
    """Print the table for a terminal."""
    print(text_table(table_rows(grid, runs, grid_scores(grid, runs), failed)))


def _results(grid: Grid, runs: Sequence[CellRun], scores: Scores,
             failed: Mapping[str, str]) -> dict[str, Any]:
    cells = []
    for cell in grid.cells:
        mine = [run for run in runs if run.cell.name == cell.name]
        cells.append(dict(
            name=cell.name, config=cell.config, x=cell.x, paper=cell.paper,
            overrides=cell.overrides,
            sizes={size: without_nan(dataclasses.asdict(score)) for size, score
                   in scores.get(cell.name, {}).items()},
            runs=[dict(seed=run.seed, state='failed' if run.name in failed
                       else run.state, error=failed.get(run.name),
                       iterations=run.iterations, seconds=run.seconds)
                  for run in mine]))
    return dict(grid=grid.name, title=grid.title, source=grid.source,
                base=grid.base, axis=grid.axis, cells=cells)


def _markdown(grid: Grid, runs: Sequence[CellRun], scores: Scores,
              rows: list[list[str]], failed: Mapping[str, str]) -> str:
    parts = [f'# {grid.title}\n']
    if grid.source:
        parts.append(f'{grid.source}\n')
    parts.append(markdown_table(rows))
    if scores:
        boxes = next(iter(scores.values()))['all'].boxes
        parts.append(
            f'Mean IoU with the human masks of {boxes} boxes, which are given; '
            'sizes by area of the box. ± is the standard deviation over seeds; '
            'brackets hold 95 % intervals by bootstrap over images, which know '
            "nothing of a training's chance. Differences are paired by box and "
            'seed.'
            + (' "paper" is the mask AP that the paper reports for its own '
               'set-up, another quantity.' if rows[0][-1] == 'paper' else '')
            + '\n')
        parts.append(f'![results]({PLOT})\n')
    minutes = sum(sum(run.seconds.values()) for run in runs) / 60
    parts.append(f'{minutes:.1f} minutes in all, interrupted attempts counted.\n')
    for name, why in failed.items():
        # Of a table's kind: names and messages must not become Markdown.
        parts.append(markdown_table([['failed', 'why'], [name, why]]))
    return '\n'.join(parts)


def _mean(score: SizeScore, interval: bool) -> str:
    if math.isnan(score.miou):
        return '-'
    text = f'{score.miou:.3f}'
    if not math.isnan(score.spread):
        return f'{text} ± {score.spread:.3f}'
    return f'{text} [{score.low:.3f}, {score.high:.3f}]' if interval else text


def _gain(score: SizeScore) -> str:
    if math.isnan(score.difference):
        return '-'
    return (f'{score.difference:+.3f} [{score.difference_low:+.3f}, '
            f'{score.difference_high:+.3f}]')
