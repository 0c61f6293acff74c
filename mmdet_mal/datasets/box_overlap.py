"""How much of a box is covered by the other boxes of its image."""

import numpy as np

from .columns import BoxColumns

# A box is looked at in so many points a side, each in the middle of its cell.
_POINTS = 32
_BLOCK = 1024


def box_overlaps(columns: BoxColumns, first: int, last: int,
                 crowds: BoxColumns | None = None) -> np.ndarray:
    """Share of each box that at least one other region of its image covers.

    Counted in 32 x 32 points of the box.  All boxes take part, whatever their
    class.  So do crowd regions: where people saw too many objects to outline
    them, masks of single ones are worse.

    Args:
        columns (BoxColumns): Boxes; those of an image follow each other.
        first (int): First box that is asked for.
        last (int): One past the last box.
        crowds (BoxColumns, optional): Crowd regions, ``image_index``
            ascending.

    Returns:
        np.ndarray: Shape (last - first,), float64, in [0, 1].
    """
    shares = np.zeros(last - first)
    row = first
    while row < last:
        start, end = image_rows(columns.image_index, row)
        boxes = columns.boxes_xywh[start:end]
        if crowds is not None:
            image = columns.image_index[row]
            begin, stop = np.searchsorted(crowds.image_index, [image, image + 1])
            boxes = np.concatenate([boxes, crowds.boxes_xywh[begin:stop]])
        corners = boxes.astype(np.float64)
        corners[:, 2:] += corners[:, :2]
        stop = min(end, last)
        for target in range(row, stop):
            shares[target - first] = _covered(corners, target - start)
        row = stop
    return shares


def image_rows(image_index: np.ndarray, row: int) -> tuple[int, int]:
    """Range of the rows around a row that have its image.

    Args:
        image_index (np.ndarray): Shape (n,); rows of an image follow each
            other.
        row (int): One of them.

    Returns:
        tuple[int, int]: First row and one past the last; found by looking at
        the neighbourhood alone, since there may be millions of rows.
    """
    image = image_index[row]
    start, end = row, row + 1
    while start > 0 and image_index[start - 1] == image:
        low = max(start - _BLOCK, 0)
        others = np.flatnonzero(image_index[low:start] != image)
        start = low + int(others[-1]) + 1 if others.size else low
    while end < len(image_index) and image_index[end] == image:
        others = np.flatnonzero(image_index[end:end + _BLOCK] != image)
        end += int(others[0]) if others.size else min(
            _BLOCK, len(image_index) - end)
    return start, end


def _covered(corners: np.ndarray, target: int) -> float:
    """Share of one box that the others cover; boxes (n, 4) are xyxy."""
    x0, y0, x1, y1 = corners[target]
    near = ((corners[:, 0] < x1) & (corners[:, 2] > x0)
            & (corners[:, 1] < y1) & (corners[:, 3] > y0))
    near[target] = False
    others = corners[near]
    if not len(others):
        return 0.
    steps = (np.arange(_POINTS) + .5) / _POINTS
    xs, ys = x0 + steps * (x1 - x0), y0 + steps * (y1 - y0)
    columns = (xs >= others[:, :1]) & (xs < others[:, 2:3])
    rows = (ys >= others[:, 1:2]) & (ys < others[:, 3:4])
    # Number of boxes over each point; sums of ones are exact.
    counts = rows.T.astype(np.float32) @ columns.astype(np.float32)
    return float((counts > 0).mean())
