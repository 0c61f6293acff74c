"""The curves as a picture."""

from collections.abc import Mapping
from pathlib import Path

from matplotlib import colormaps

from mmdet_mal.visualization.figures import new_figure, plain, write_figure

from .curve import Point


def write_curve_plot(path: Path, title: str,
                     curves: Mapping[str, Mapping[float, Point]]) -> None:
    """Draw mean IoU over the level, a line a labeller.

    Args:
        path: PNG to write.
        title: above the figure.
        curves: points by labeller and level.
    """
    figure = new_figure(9, 4.6)
    axes = figure.subplots()
    # Matplotlib's ten colours would come twice.
    axes.set_prop_cycle(color=colormaps['tab20'].colors)
    for name, points in curves.items():
        levels = sorted(points)
        line, = axes.plot([100 * level for level in levels],
                          [points[level].miou for level in levels], marker='o',
                          markersize=4, label=plain(name))
        axes.fill_between(
            [100 * level for level in levels],
            [points[level].low for level in levels],
            [points[level].high for level in levels],
            color=line.get_color(), alpha=.1, linewidth=0)
    axes.set(xlabel='boxes shifted and scaled by (% of their size)',
             ylabel='mean IoU with human masks')
    axes.grid(alpha=.3)
    figure.legend(loc='outside right upper', fontsize='small')
    figure.suptitle(plain(title))
    write_figure(figure, path)
