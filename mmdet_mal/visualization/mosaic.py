"""Pictures of masks in a mosaic, and as a strip over time."""

import math
from collections.abc import Sequence

import cv2
import numpy as np

from mmdet_mal.visualization.grid import picture_grid
from mmdet_mal.visualization.mask_view import on_square

_GAP = 4
_HEADING = 24
# More columns than these are too small to be seen.
_MAX_COLUMNS = 8


def mosaic(views: Sequence[np.ndarray], heading: str,
           cell: int) -> np.ndarray:
    """Pictures side by side on white, about three wide for two high.

    Args:
        views (Sequence[np.ndarray]): uint8 (h, w, 3), BGR, at least one; none
            larger than ``cell``.
        heading (str): Ascii.
        cell (int): Side of a picture's place in px.

    Returns:
        np.ndarray: uint8 (H, W, 3), BGR.

    Raises:
        ValueError: no pictures.
    """
    if not views:
        raise ValueError('a mosaic needs at least one picture')
    columns = min(len(views), math.ceil(math.sqrt(1.5 * len(views))))
    rows = math.ceil(len(views) / columns)
    step = cell + _GAP
    canvas = np.full((_HEADING + rows * step + _GAP, columns * step + _GAP, 3),
                     255, np.uint8)
    cv2.putText(canvas, heading, (_GAP, _HEADING - 7), cv2.FONT_HERSHEY_SIMPLEX,
                .5, (0, 0, 0), 1, cv2.LINE_AA)
    for number, view in enumerate(views):
        row, column = divmod(number, columns)
        top, left = _HEADING + row * step, _GAP + column * step
        canvas[top:top + cell, left:left + cell] = on_square(view, cell)
    return canvas


def strip(moments: Sequence[Sequence[np.ndarray]], headings: Sequence[str],
          cell: int) -> np.ndarray:
    """The same boxes at several moments: a row a box, a column a moment.

    Args:
        moments (Sequence[Sequence[np.ndarray]]): Views of all boxes, one list a
            moment.  Where there are more than eight, the first, the second,
            the last and others evenly between are shown.
        headings (Sequence[str]): Of the moments, ascii.
        cell (int): Side of a picture's place in px.

    Returns:
        np.ndarray: uint8 (H, W, 3), BGR.

    Raises:
        ValueError: no moments, or moments of different numbers of boxes.
    """
    shown = choose_columns(len(moments))
    rows = [[on_square(view, cell) for view in row]
            for row in zip(*(moments[i] for i in shown), strict=True)]
    return picture_grid(rows, [headings[i] for i in shown], (cell, cell))


def choose_columns(count: int) -> list[int]:
    """Which of so many moments a strip shows.

    The first column (the box) and the second (the start) always stay.

    Args:
        count (int): Of moments.

    Returns:
        list[int]: Ascending positions, at most eight.
    """
    if count <= _MAX_COLUMNS:
        return list(range(count))
    later = np.linspace(1, count - 1, _MAX_COLUMNS - 1).round().astype(int)
    return [0, *later.tolist()]
