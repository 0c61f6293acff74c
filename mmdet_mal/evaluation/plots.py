"""The scores as pictures."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mmdet_mal.visualization.grid import write_png

from .report import HEADINGS, Scores

_DPI = 110


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
    # No pyplot: it keeps a global state and may look for a display.
    figure = Figure(figsize=(15, 4.6), dpi=_DPI, layout='constrained')
    FigureCanvasAgg(figure)
    curve, histogram, sizes = figure.subplots(1, 3)
    _draw_curve(curve, scores)
    _draw_histogram(histogram, scores[main]['histogram'], main)
    _draw_sizes(sizes, scores)
    buffer = io.BytesIO()
    figure.savefig(buffer, format='png')
    path = f'{stem}.png'
    write_png(path, cv2.imdecode(
        np.frombuffer(buffer.getvalue(), np.uint8), cv2.IMREAD_COLOR))
    return path


def _draw_curve(axes: Any, scores: Scores) -> None:
    for name, entry in scores.items():
        curve = entry['curve']
        axes.plot(curve['thresholds'], curve['share'], marker='.',
                  label=_plain(f"{name} (mean {curve['mean']:.3f})"))
    axes.set(xlabel='IoU', ylabel='share of masks at or above it', ylim=(0, 1),
             title='how many masks are good enough')
    axes.legend()
    axes.grid(alpha=.3)


def _draw_histogram(axes: Any, histogram: Mapping, main: str) -> None:
    axes.stairs(histogram['counts'], histogram['edges'], fill=True)
    axes.set(xlabel='IoU', ylabel='masks', xlim=(0, 1),
             title=_plain(f'masks by their IoU: {main}'))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))


def _draw_sizes(axes: Any, scores: Scores) -> None:
    width = .8 / len(scores)
    for number, (name, entry) in enumerate(scores.items()):
        values = [entry['sizes'][size] for size in HEADINGS]
        heights = np.array([value['miou'] for value in values])
        reach = np.abs([heights - [value['miou_low'] for value in values],
                        [value['miou_high'] for value in values] - heights])
        axes.bar(np.arange(len(HEADINGS)) + number * width, heights, width,
                 yerr=reach, capsize=2, label=_plain(name))
    axes.set(ylabel='mean IoU, 95 % interval', title='by size of the box',
             ylim=(0, 1))
    axes.set_xticks(np.arange(len(HEADINGS)) + .4 - width / 2,
                    list(HEADINGS.values()))
    # Below the axes: within them it would hide bars.
    axes.legend(loc='upper center', bbox_to_anchor=(.5, -.1), ncols=4,
                fontsize='small')


def _plain(text: str) -> str:
    """A name as it is: matplotlib would read what is between $ as a formula."""
    return text.replace('$', r'\$')
