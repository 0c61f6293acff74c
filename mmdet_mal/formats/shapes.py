"""Bounds of shapes that are no upright boxes."""

import math
from collections.abc import Sequence
from typing import Any

from mmdet_mal.utils.errors import UserError

from .box_table import finite
from .option import Option
from .tally import Tally

SHAPES = Option(
    'shapes', 'what to read: upright boxes alone (other shapes are left out and '
    'counted, rotated boxes are an error), or the bounds of every shape that '
    'has an area', choices=('boxes', 'bounds'), default='boxes')

_LEFT_OUT = ('{}s are no boxes and are left out (--shapes bounds takes their '
             'bounds)')
_BOUNDED = '{}s are taken by their bounds'


def count_shape(kind: str, shapes: str, where: str, tally: Tally) -> bool:
    """Count a shape that is no box.

    Args:
        kind: Its name.
        shapes: Value of :data:`SHAPES`.
        where: File and record.
        tally: Gets the count.

    Returns:
        Whether its bounds are to be taken.
    """
    tally.add((_BOUNDED if shapes == 'bounds' else _LEFT_OUT).format(kind), where)
    return shapes == 'bounds'


def check_rotated(shapes: str, degrees: float, where: str, tally: Tally) -> None:
    """Refuse a rotated box, or count it if bounds are asked for.

    Raises:
        UserError: If boxes alone are asked for.
    """
    if shapes != 'bounds':
        raise UserError(
            f'{where}: this box is rotated by {degrees:g} degrees; --shapes '
            'bounds takes the upright box around it (looser, so masks get worse)')
    tally.add('rotated boxes are taken by their bounds', where)


def points_bounds(points: Any, where: str) -> list[float]:
    """Bounds of points.

    Args:
        points: Pairs of x and y.
        where: File and record, for messages.

    Returns:
        x, y, width, height.

    Raises:
        UserError: If there is no point or a coordinate is no number.
    """
    try:
        pairs = [(finite(x, where, 'a coordinate'),
                  finite(y, where, 'a coordinate')) for x, y in points]
    except (TypeError, ValueError):
        pairs = []
    if not pairs:
        raise UserError(f'{where}: points are {points!r:.80}, expected pairs of '
                        'x and y')
    xs, ys = zip(*pairs, strict=True)
    return [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]


def union(boxes: Sequence[Sequence[float]]) -> list[float]:
    """The box around boxes (x, y, width, height)."""
    left = min(box[0] for box in boxes)
    top = min(box[1] for box in boxes)
    return [left, top, max(box[0] + box[2] for box in boxes) - left,
            max(box[1] + box[3] for box in boxes) - top]


def rotated_bounds(bbox: Sequence[float], degrees: float,
                   pivot: tuple[float, float]) -> list[float]:
    """Bounds of a box turned clockwise (as seen, y downwards).

    Args:
        bbox: x, y, width, height before the turn, px.
        degrees: Of the turn.
        pivot: x and y of the point that stays, px.

    Returns:
        x, y, width, height.
    """
    x, y, w, h = bbox
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    corners = [((px - pivot[0]) * cos - (py - pivot[1]) * sin + pivot[0],
                (px - pivot[0]) * sin + (py - pivot[1]) * cos + pivot[1])
               for px in (x, x + w) for py in (y, y + h)]
    return points_bounds(corners, '')


def ellipse_bounds(cx: float, cy: float, rx: float, ry: float,
                   degrees: float = 0.) -> list[float]:
    """Bounds of an ellipse: centre, half axes (px), turn; x, y, width, height."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    half_w = math.hypot(rx * cos, ry * sin)
    half_h = math.hypot(rx * sin, ry * cos)
    return [cx - half_w, cy - half_h, 2 * half_w, 2 * half_h]
