"""The table of switches as text and Markdown."""

import math
from collections.abc import Mapping
from typing import Any

from mmdet_mal.ablation.comparison import SizeScore
from mmdet_mal.ablation.grid import Grid
from mmdet_mal.evaluation.report import markdown_table


def table_rows(grid: Grid, effects: Mapping[str, Any]) -> list[list[str]]:
    """Heading and one row a cell: mean IoU of the base, differences of others.

    Args:
        grid: of the rows.
        effects (Mapping[str, SetEffects]): by data set.
    """
    boxes = {name: effect.rows[grid.base]['all'].boxes
             for name, effect in effects.items()}
    rows = [['switch', *(f'{name}, {number} boxes'
                         for name, number in boxes.items())]]
    for cell in grid.cells:
        name = cell.name + (f' ({cell.note})' if cell.note else '')
        rows.append([name, *(_cell(effect.rows[cell.name]['all'],
                                   cell.name == grid.base)
                             for effect in effects.values())])
    return rows


def overlap_rows(effects: Mapping[str, Any]) -> list[list[str]]:
    """Heading and one row an overlap rule; empty without masks."""
    rules = next(iter(effects.values())).overlaps if effects else {}
    if not rules:
        return []
    rows = [['overlap rule', *(f'{name}: changed, better, worse; difference there; '
                               'over all' for name in effects)]]
    for rule in rules:
        cells = []
        for effect in effects.values():
            v = effect.overlaps[rule]
            cells.append('none changed' if not v['changed'] else (
                f"{v['changed']}, {v['better']}, {v['worse']}; "
                f"{v['difference']:+.3f} [{v['low']:+.3f}, {v['high']:+.3f}]; "
                f"{v['over_all']:+.4f}"))
        rows.append([rule, *cells])
    return rows


def markdown(grid: Grid, effects: Mapping[str, Any],
             rows: list[list[str]]) -> str:
    """The whole report."""
    parts = [f'# {grid.title}\n', markdown_table(rows),
             'Mean IoU with human masks of the base, and differences to it, paired '
             'by box; brackets hold 95 % intervals by bootstrap over images.\n']
    overlaps = overlap_rows(effects)
    if overlaps:
        parts += ['## Masks that overlap a neighbour\n', markdown_table(overlaps),
                  "Applied to the base's masks; only masks that lose pixels are "
                  'counted in the first three numbers and the difference.\n']
    for name, effect in effects.items():
        sizes = ('ge32', 'small', 'medium', 'large')
        table = [['switch', '>= 32²', 'small', 'medium', 'large']]
        table += [[cell.name, *(_cell(effect.rows[cell.name][size],
                                      cell.name == grid.base) for size in sizes)]
                  for cell in grid.cells]
        parts += [f'## {name} by area of the box\n', markdown_table(table)]
    return '\n'.join(parts)


def _cell(score: SizeScore, is_base: bool) -> str:
    if math.isnan(score.miou):
        return '-'
    if is_base:
        return f'{score.miou:.3f}'
    return (f'{score.difference:+.3f} [{score.difference_low:+.3f}, '
            f'{score.difference_high:+.3f}]')
