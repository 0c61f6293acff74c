"""Figures without a display."""

import io
from pathlib import Path

import cv2
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmdet_mal.visualization.grid import write_png

_DPI = 110


def new_figure(width: float, height: float) -> Figure:
    """An empty figure.

    Args:
        width (float): inches.
        height (float): inches.
    """
    # No pyplot: it keeps a global state and may look for a display.
    figure = Figure(figsize=(width, height), dpi=_DPI, layout='constrained')
    FigureCanvasAgg(figure)
    return figure


def write_figure(figure: Figure, path: str | Path) -> None:
    """Write a figure as PNG, whole or not at all.

    Raises:
        UserError: it cannot be written.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format='png')
    write_png(str(path), cv2.imdecode(
        np.frombuffer(buffer.getvalue(), np.uint8), cv2.IMREAD_COLOR))


def plain_text(text: str) -> str:
    """A name as it is: matplotlib would read what is between $ as a formula."""
    return text.replace('$', r'\$')
