"""The scores as pictures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from mmdet_mal.visualization.figures import new_figure, plain, write_figure

from .report import HEADINGS, Scores


def write_plots(stem: str | Path, scores: Scores, main: str) -> str:
    """Draw the curve, the histogram and the sizes, side by side.

    Args:
        stem (str | Path): path without suffix; ``.png`` is added.
        scores (Scores): of all labellers, as ``labeller_scores`` returns them.
        main (str): the labeller of the histogram.

    Returns:
        str: path of the PNG.

    Raises:
        UserError: it cannot be written.
    """
    figure = new_figure(15, 4.6)
    curve, histogram, sizes = figure.subplots(1, 3)
    _draw_curve(curve, scores)
    _draw_histogram(histogram, scores[main]['histogram'], main)
    _draw_sizes(sizes, scores)
    path = f'{stem}.png'
    write_figure(figure, path)
    return path


def _draw_curve(axes: Any, scores: Scores) -> None:
    for name, entry in scores.items():
        curve = entry['curve']
        axes.plot(curve['thresholds'], curve['share'], marker='.',
                  label=plain(f"{name} (mean {curve['mean']:.3f})"))
    axes.set(xlabel='IoU', ylabel='share of masks at or above it', ylim=(0, 1),
             title='how many masks are good enough')
    axes.legend()
    axes.grid(alpha=.3)


def _draw_histogram(axes: Any, histogram: Mapping, main: str) -> None:
    axes.stairs(histogram['counts'], histogram['edges'], fill=True)
    axes.set(xlabel='IoU', ylabel='masks', xlim=(0, 1),
             title=plain(f'masks by their IoU: {main}'))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))


def _draw_sizes(axes: Any, scores: Scores) -> None:
    width = .8 / len(scores)
    for number, (name, entry) in enumerate(scores.items()):
        values = [entry['sizes'][size] for size in HEADINGS]
        heights = np.array([value['miou'] for value in values])
        reach = np.abs([heights - [value['miou_low'] for value in values],
                        [value['miou_high'] for value in values] - heights])
        axes.bar(np.arange(len(HEADINGS)) + number * width, heights, width,
                 yerr=reach, capsize=2, label=plain(name))
    axes.set(ylabel='mean IoU, 95 % interval', title='by size of the box',
             ylim=(0, 1))
    axes.set_xticks(np.arange(len(HEADINGS)) + .4 - width / 2,
                    list(HEADINGS.values()))
    # Below the axes: within them it would hide bars.
    axes.legend(loc='upper center', bbox_to_anchor=(.5, -.1), ncols=4,
                fontsize='small')
