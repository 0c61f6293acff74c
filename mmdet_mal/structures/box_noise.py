"""Boxes that are shifted, scaled or rounded: pure functions on one box."""

from collections.abc import Sequence

import numpy as np


def shift_and_scale(bbox: Sequence[float], shift: Sequence[float],
                    scale: Sequence[float],
                    image_shape: tuple[int, int] | None = None) -> np.ndarray:
    """Move a box and change its size about its own centre.

    ::

        centre' = centre + shift * size,    size' = size * scale

    Args:
        bbox (Sequence[float]): (x0, y0, x1, y1) in px, of positive size.
        shift (Sequence[float]): (x, y), in widths and heights of the box.
        scale (Sequence[float]): (x, y), factors above 0.
        image_shape (tuple[int, int], optional): (height, width) in px: the
            result is cut off at the image's border and keeps at least one pixel
            (or its own side, if that is less) within it.

    Returns:
        np.ndarray: float64 (4,), xyxy.

    Raises:
        ValueError: If the box has no area or a factor is not positive.
    """
    box = np.asarray(bbox, np.float64)
    low, high = box[:2], box[2:]
    scale = np.asarray(scale, np.float64)
    if not (np.isfinite(box).all() and (high > low).all()):
        raise ValueError(f'box {box.tolist()} is not a finite xyxy rectangle of '
                         'positive size')
    if not (scale > 0).all():
        raise ValueError(f'scale is {scale.tolist()}, expected factors above 0')
    size = high - low
    centre = (low + high) / 2 + np.asarray(shift, np.float64) * size
    low, high = centre - size * scale / 2, centre + size * scale / 2
    if image_shape is not None:
        limit = np.array(image_shape[::-1], np.float64)
        least = np.minimum(np.minimum(high - low, 1.), limit)
        low = np.clip(low, 0, limit - least)
        high = np.clip(high, low + least, limit)
    return np.concatenate([low, high])


def quantise(bbox: Sequence[float], step: Sequence[float],
             limit: Sequence[float], rounding: str = 'nearest') -> np.ndarray:
    """Round the edges of a box to a grid.

    Args:
        bbox (Sequence[float]): (x0, y0, x1, y1) in px, of positive size.
        step (Sequence[float]): (x, y) distance of the grid's lines in px; 0
            leaves an axis as it is.
        limit (Sequence[float]): (x0, y0, x1, y1) in px; the result lies
            within it, on the grid or on this border.
        rounding (str): ``'nearest'``, or ``'outward'``: the box only grows.

    Returns:
        np.ndarray: float64 (4,), xyxy.  A side that would vanish keeps one step
        of the grid, on the side where the box's centre lies.

    Raises:
        ValueError: For an unknown rounding or a negative step.
    """
    if rounding not in ('nearest', 'outward'):
        raise ValueError("rounding must be 'nearest' or 'outward', got "
                         f'{rounding!r}')
    if min(step) < 0:
        raise ValueError(f'step is {tuple(step)}, expected at least 0 px')
    result = np.asarray(bbox, np.float64).copy()
    for axis in (0, 1):
        if step[axis] == 0:
            continue
        low, high = result[axis] / step[axis], result[axis + 2] / step[axis]
        if rounding == 'nearest':
            start, end = np.floor(low + .5), np.floor(high + .5)
        else:
            start, end = np.floor(low), np.ceil(high)
        if end <= start:
            start = np.floor((low + high) / 2)
            end = start + 1
        edges = np.clip(np.array([start, end]) * step[axis],
                        limit[axis], limit[axis + 2])
        if edges[1] > edges[0]:  # else all of it lies beyond the border
            result[axis], result[axis + 2] = edges
    return result
