"""Which part of an image a mask is shown in, and the mask in that part.

Coordinates are image pixels; a *view* is the window scaled to what the page
loads, at most :data:`MAX_VIEW_SIDE` pixels a side.
"""

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from pycocotools import mask as coco_mask

from mmdet_mal.structures.crop import clip_window, expand_bbox
from mmdet_mal.structures.rle import RLE, encode_window, rle_counts

# What is shown around a box on each side: a share of half its side, so that a
# mask which spills is seen, and for tiny boxes at least so many pixels.
MARGIN = .5
MIN_MARGIN = 16
# Pixels; larger views are scaled down.  A box that fills a 4K screen is rare, and
# a page of 10,000 views of this size stays below 2 GB.
MAX_VIEW_SIDE = 768
JPEG_QUALITY = 85

Window = tuple[int, int, int, int]


def finite_box(bbox: Any) -> tuple[float, float, float, float] | None:
    """Return a COCO box as four finite numbers with positive sides, else None.

    Args:
        bbox: (x, y, width, height) in image pixels, or anything at all.
    """
    try:
        x, y, width, height = (float(value) for value in bbox)
    except (TypeError, ValueError, OverflowError):
        return None
    if not all(map(math.isfinite, (x, y, width, height))):
        return None
    return (x, y, width, height) if width > 0 and height > 0 else None


def view_window(bbox: Any, image_shape: tuple[int, int]) -> Window | None:
    """Choose the window that is shown of a box.

    Args:
        bbox: (x, y, width, height) in image pixels; may be faulty.
        image_shape: (height, width) in pixels.

    Returns:
        Integers (x0, y0, x1, y1), end exclusive, inside the image; None if the
        box shows no pixel of the image.
    """
    box = finite_box(bbox)
    if box is None:
        return None
    x, y, width, height = box
    extra = [max(MARGIN, 2 * MIN_MARGIN / side) for side in (width, height)]
    try:
        return tuple(clip_window(expand_bbox(
            np.array([x, y, x + width, y + height]), extra * 2),
            image_shape).tolist())
    except (ValueError, OverflowError):
        return None  # outside the image, or too large for an integer


def mask_window(rle: RLE) -> Window | None:
    """Choose the window that is shown of a mask whose box is faulty.

    Raises:
        ValueError: if the RLE cannot be read.
    """
    rle_counts(rle)  # toBbox takes its input on trust
    return view_window(coco_mask.toBbox(rle), tuple(rle['size']))


def view_size(window: Window) -> tuple[int, int]:
    """Return (height, width) in pixels at which a window is shown."""
    width, height = window[2] - window[0], window[3] - window[1]
    scale = min(1., MAX_VIEW_SIDE / max(width, height))
    return max(1, round(height * scale)), max(1, round(width * scale))


def window_mask(rle: RLE, window: Window) -> tuple[np.ndarray, int]:
    """Decode the part of a mask that lies in a window, at the window's cost.

    Args:
        rle: compressed RLE of the image.
        window: (x0, y0, x1, y1) inside the image.

    Returns:
        bool (height, width) of the window, and how many pixels of the mask lie
        outside it.

    Raises:
        ValueError: if the RLE cannot be read.
    """
    height = int(rle['size'][0])
    x0, y0, x1, y1 = window
    edges = np.cumsum(rle_counts(rle))
    # A last run of zeros may be absent or there; runs of ones are (1, 2), (3, 4)…
    starts, ends = edges[0::2], edges[1::2]
    starts = starts[:len(ends)]
    low, high = x0 * height, x1 * height
    first = np.clip(starts, low, high) - low
    last = np.clip(ends, low, high) - low
    steps = np.zeros(high - low + 1, np.int32)
    # add.at, as empty runs may share a place with their neighbours.
    np.add.at(steps, first, 1)
    np.add.at(steps, last, -1)
    columns = np.cumsum(steps[:-1]).astype(bool).reshape(x1 - x0, height)
    mask = columns[:, y0:y1].T
    return mask, int((ends - starts).sum()) - int(mask.sum())


def view_counts(rle: RLE, window: Window) -> tuple[str, int]:
    """Return a mask as the page reads it, and what the view cuts off.

    Args:
        rle: compressed RLE of the image.
        window: (x0, y0, x1, y1) inside the image.

    Returns:
        Run lengths over the rows of the view (zeros first), in the letters of
        COCO's compressed RLE; number of mask pixels outside the window.

    Raises:
        ValueError: if the RLE cannot be read.
    """
    mask, outside = window_mask(rle, window)
    height, width = view_size(window)
    if mask.shape != (height, width):
        share = cv2.resize(mask.astype(np.float32), (width, height),
                           interpolation=cv2.INTER_AREA)
        mask = share >= .5
    # The columns of the transposed mask are the rows of the mask.
    turned = np.ascontiguousarray(mask.T)
    rle = encode_window(turned, (0, 0, height, width), (width, height))
    return rle['counts'], outside


def crop_jpeg(img: Any, window: Window) -> bytes:
    """Cut a window out of an image and encode it.

    Args:
        img: uint8 (H, W, 3), BGR, or what can be sliced like it.
        window: (x0, y0, x1, y1) inside the image.

    Returns:
        A JPEG file.

    Raises:
        ValueError: if it cannot be encoded.
    """
    x0, y0, x1, y1 = window
    part = np.ascontiguousarray(img[y0:y1, x0:x1])
    height, width = view_size(window)
    if part.shape[:2] != (height, width):
        part = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)
    done, content = cv2.imencode(
        '.jpg', part, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise ValueError(f'a crop of shape {part.shape} cannot become a JPEG')
    return content.tobytes()


def size_class(area: float, borders: Sequence[float]) -> int:
    """Return the index of the half-open range that an area lies in.

    Args:
        area: of the box in px².
        borders: ascending; below the first is range 0.
    """
    return sum(area >= border for border in borders)
