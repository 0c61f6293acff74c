"""Which boxes are labelled together, and in which order."""

from array import array
from collections.abc import Sequence

import numpy as np


def cut_chunks(boxes_per_image: Sequence[int], limit: int) -> np.ndarray:
    """Cut boxes, listed image by image, into chunks of at most ``limit``.

    A chunk takes whole consecutive images as long as their boxes fit; an
    image with more than ``limit`` boxes is cut into chunks of its own.  The
    cut depends on nothing but the arguments.

    Args:
        boxes_per_image (Sequence[int]): Number of boxes of each image, in
            the order of the images; 0 is allowed.
        limit (int): Largest number of boxes in a chunk, at least 1.

    Returns:
        np.ndarray: First box and one past the last box of each chunk, shape
        (chunks, 2), int64; together they cover all boxes, in order, without
        gaps.

    Raises:
        ValueError: If ``limit`` is less than 1 or a count is negative.
    """
    if limit < 1:
        raise ValueError(f'a chunk must hold at least 1 box, got {limit}')
    # A flat array: as tuples, the chunks of a million boxes are megabytes.
    borders = array('q')
    first = last = 0  # the chunk being filled is boxes first..last-1
    for count in boxes_per_image:
        if count < 0:
            raise ValueError(f'an image cannot have {count} boxes')
        if last - first + count > limit and last > first:
            borders.extend((first, last))
            first = last
        if count > limit:
            end = last + count
            for i in range(last, end, limit):
                borders.extend((i, min(i + limit, end)))
            first = last = end
        else:
            last += count
    if last > first:
        borders.extend((first, last))
    return np.array(borders, dtype=np.int64).reshape(-1, 2)


def label_order(image_index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Group boxes by image, images in the order of their first box.

    Args:
        image_index (np.ndarray): Image of each box, shape (n,), integers of
            at least 0.

    Returns:
        tuple[np.ndarray, np.ndarray]: Positions of the boxes, shape (n,), in
        the order of labelling (the boxes of an image keep theirs), and the
        number of boxes of each image that has any, in that order.
    """
    count = len(image_index)
    if not count:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    small = np.int32 if count < 2**31 else np.int64
    first = np.zeros(int(image_index.max()) + 1, dtype=small)
    # Of several values for one place numpy keeps the last: the first box.
    first[image_index[::-1]] = np.arange(count - 1, -1, -1, dtype=small)
    starts = first[image_index]
    order = np.argsort(starts, kind='stable')
    starts = starts[order]
    borders = np.flatnonzero(np.diff(starts)) + 1
    return order, np.diff(borders, prepend=0, append=count)
