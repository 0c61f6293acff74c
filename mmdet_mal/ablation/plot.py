"""The rows of a grid as a picture."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mmdet_mal.visualization.figures import new_figure, plain, write_figure

from .comparison import SizeScore
from .grid import Grid

_SIZES = dict(all='all boxes', small='small', medium='medium', large='large')


def write_plot(path: Path, grid: Grid,
               scores: Mapping[str, Mapping[str, SizeScore]]) -> None:
    """Draw mean IoU along the grid's axis, or a bar a cell.

    Args:
        path (Path): PNG to write.
        grid (Grid): the grid.
        scores (Mapping): by cell and size, at least one cell.
    """
    cells = [cell for cell in grid.cells if cell.name in scores]
    figure = new_figure(10, 4.2 if grid.axis else 1.6 + .45 * len(cells))
    left, right = figure.subplots(1, 2)
    places = (np.array([cell.x for cell in cells]) if grid.axis
              else -np.arange(len(cells)))
    order = np.argsort(places)
    for size, label in _SIZES.items():
        values = np.array([scores[cell.name][size].miou for cell in cells])
        if np.isnan(values).all():
            continue
        if grid.axis:
            left.plot(places[order], values[order], marker='o', label=label)
        else:
            left.plot(values, places, 'o', label=label)
    # The grid's own question: better or worse than the base?
    others = [(place, scores[cell.name]['all']) for place, cell
              in zip(places, cells, strict=True) if cell.name != grid.base]
    known = [(p, s) for p, s in others if not np.isnan(s.difference)]
    if known:
        x = np.array([place for place, _ in known])
        y = np.array([score.difference for _, score in known])
        reach = np.abs([[s.difference - s.difference_low for _, s in known],
                        [s.difference_high - s.difference for _, s in known]])
        if grid.axis:
            right.errorbar(x, y, yerr=reach, fmt='o', capsize=3)
        else:
            right.errorbar(y, x, xerr=reach, fmt='o', capsize=3)
    line = right.axhline if grid.axis else right.axvline
    line(0, color='grey', linewidth=.8)
    name = plain(grid.base)
    if grid.axis:
        left.set(xlabel=plain(grid.axis), ylabel='mean IoU')
        right.set(xlabel=plain(grid.axis), ylabel=f'less {name}, all boxes')
    else:
        left.set(xlabel='mean IoU')
        right.set(xlabel=f'mean IoU less {name}, all boxes')
        left.set_yticks(places, [plain(cell.name) for cell in cells])
        right.set_yticks(places, [''] * len(cells))
        right.set_ylim(left.get_ylim())
    left.legend(fontsize='small')
    left.grid(alpha=.3)
    right.grid(alpha=.3)
    figure.suptitle(plain(grid.title))
    write_figure(figure, path)
