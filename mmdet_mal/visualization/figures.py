"""Figures of matplotlib as PNG, without a window and without global state."""

import io
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmdet_mal.utils.held_signals import hold_signals

from .picture_files import write_png_bytes

DPI = 110
# Okabe and Ito's colours, which colour-blind people tell apart, too.
COLOURS = ('#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9',
           '#555555')


def new_figure(width: float, height: float) -> Figure:
    """An empty figure.

    Args:
        width (float): In inches, 110 px each.
        height (float): Likewise.
    """
    # No pyplot: it keeps a global state and may look for a display.
    figure = Figure(figsize=(width, height), dpi=DPI, layout='constrained')
    FigureCanvasAgg(figure)
    return figure


def png_bytes(figure: Figure) -> bytes:
    """A figure as the content of a PNG file."""
    buffer = io.BytesIO()
    # What a signal's handler raises within its C++ parts, matplotlib turns into
    # errors of its own: a Ctrl-C would end as 'Invalid bounding box'.
    with hold_signals():
        # Without the version of matplotlib the same figure gives the same bytes.
        figure.savefig(buffer, format='png', metadata=dict(Software=None))
    return buffer.getvalue()


def write_figure(figure: Figure, path: str | Path) -> None:
    """Write a figure as PNG, whole or not at all.

    Args:
        figure (Figure): as :func:`new_figure` made it, drawn upon.
        path (str | Path): ends in ``.png``; its folder is made where it is
            missing.

    Raises:
        UserError: the name has another suffix, or cannot be written.
    """
    write_png_bytes(str(path), png_bytes(figure))


def plain(text: str) -> str:
    """A name as it is: matplotlib would read what is between $ as a formula."""
    return text.replace('$', r'\$')


def tidy(axes: Any) -> None:
    """Take the frame away on two sides and draw a faint grid."""
    axes.grid(alpha=.25)
    axes.spines[['top', 'right']].set_visible(False)
