"""Masks as COCO run-length encodings, at the cost of the box.

A COCO RLE lists the lengths of alternating runs of 0 and 1 (0 first) over the
image in **column-major** order.  The runs of a small window can be shifted into
the runs of the full image by arithmetic alone, so nothing here allocates a
canvas: a 200 px box in a 10,000 x 10,000 image costs what it costs in a
640 x 480 one.

Every function returns the *compressed* form ``{'size': [h, w], 'counts': str}``
with ascii counts, the one form that both JSON and stock mmdet loaders take.
"""

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from pycocotools import mask as coco_mask

RLE = dict[str, Any]

# Box edges this close to a pixel border (px) count as lying on it, since
# x + w in float32 misses the border by about 1e-3 in large images.
EDGE_TOLERANCE = .01
# pycocotools keeps run lengths as unsigned 32-bit integers.
MAX_PIXELS = 2**32 - 1
_MOST_DIGITS = 7


def encode_window(mask: np.ndarray, window: Sequence[int],
                  image_shape: tuple[int, int]) -> RLE:
    """Encode the mask of a window as RLE of the full image.

    Equal to ``pycocotools.mask.encode`` of the canvas with the window pasted
    in, without the canvas.  What overhangs the image is cut off.

    Args:
        mask: (h, w), bool or 0/1; non-zero is foreground.
        window: (x0, y0, x1, y1) integers in image pixels with x1 - x0 == w and
            y1 - y0 == h; may lie partly or wholly outside the image.
        image_shape: (height, width) of the image in pixels.

    Returns:
        ``{'size': [height, width], 'counts': str}``; an empty mask is one run
        of zeros.

    Raises:
        ValueError: if the mask is not 2-D, its shape is not the window's, or
            the image has no pixel.
    """
    height, width = _check_shape(image_shape)
    x0, y0, x1, y1 = (int(v) for v in window)
    mask = np.asarray(mask)
    if mask.shape != (y1 - y0, x1 - x0):
        raise ValueError(
            f'mask has shape {mask.shape}, expected {(y1 - y0, x1 - x0)} '
            f'(height, width) for the window {(x0, y0, x1, y1)}')
    left, top = max(x0, 0), max(y0, 0)
    right, bottom = min(x1, width), min(y1, height)
    if right <= left or bottom <= top:
        return _compress(np.zeros(0, np.int64), height, width)
    inside = mask[top - y0:bottom - y0, left - x0:right - x0]
    if inside.dtype != bool:
        inside = inside != 0

    # One row per image column, framed by zeros, so that every run of a column
    # starts and ends within its row.  OpenCV transposes 8 times as fast as
    # numpy copies a transposed array.
    framed = cv2.copyMakeBorder(
        cv2.transpose(inside.view(np.uint8)), 0, 0, 1, 1, cv2.BORDER_CONSTANT)
    pixels = framed.reshape(-1)
    edges = np.flatnonzero(pixels[1:] != pixels[:-1])
    # From the framed rows to the columns of the image: these are longer, and
    # the first begins at (left, top).
    step = framed.shape[1]
    edges += edges // step * (height - step)
    edges += left * height + top
    return _compress(edges, height, width)


def bbox_window(bbox: Sequence[float],
                image_shape: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the pixels that a box touches, clipped to the image.

    Args:
        bbox: (x0, y0, x1, y1) in image pixels, pixel i covers [i, i + 1).
        image_shape: (height, width) in pixels.

    Returns:
        Integers (x0, y0, x1, y1), end exclusive; at least 1 px a side.

    Raises:
        ValueError: if the box is not finite, has no positive side, or touches
            no pixel of the image.
    """
    height, width = _check_shape(image_shape)
    x0, y0, x1, y1 = (float(v) for v in bbox)
    if not all(map(math.isfinite, (x0, y0, x1, y1))):
        raise ValueError(f'box {[x0, y0, x1, y1]} is not finite')
    if x1 <= x0 or y1 <= y0:
        raise ValueError(f'box {[x0, y0, x1, y1]} (xyxy) has no area')
    if x1 <= 0 or y1 <= 0 or x0 >= width or y0 >= height:
        raise ValueError(f'box {[x0, y0, x1, y1]} (xyxy) lies outside the image '
                         f'of {width} x {height} px')
    left, right = _pixel_span(x0, x1, width)
    top, bottom = _pixel_span(y0, y1, height)
    return left, top, right, bottom


def bbox_rle(bbox: Sequence[float], image_shape: tuple[int, int]) -> RLE:
    """Encode a filled box; arguments and errors as in :func:`bbox_window`."""
    height, width = _check_shape(image_shape)
    left, top, right, bottom = bbox_window(bbox, (height, width))
    starts = np.arange(left, right, dtype=np.int64) * height
    edges = np.stack([starts + top, starts + bottom], axis=1)
    return _compress(edges.reshape(-1), height, width)


def rle_area(rle: RLE) -> int:
    """Return the number of foreground pixels of a compressed RLE."""
    return int(coco_mask.area(rle))


def rle_to_mask(rle: RLE) -> np.ndarray:
    """Decode a compressed RLE into a bool array of shape (height, width)."""
    return coco_mask.decode(rle).astype(bool)


def rle_counts(rle: RLE) -> np.ndarray:
    """Unpack the run lengths of a compressed RLE, without decoding pixels.

    Unlike pycocotools it never trusts its input, so it is fit to check files.

    Args:
        rle: ``{'size': [h, w], 'counts': str}``.

    Returns:
        (n,) int64, lengths of alternating runs, 0 first; they add up to h * w.

    Raises:
        ValueError: if the counts are no such string or do not fit the size.
    """
    height, width = _check_shape(rle['size'])
    # A character below '0' becomes a large number.
    codes = np.frombuffer(rle['counts'].encode(), np.uint8) - np.uint8(48)
    if codes.size == 0 or codes.max() > 63 or codes[-1] & 32:
        raise ValueError('RLE counts are not a string as pycocotools writes it')
    values = unpack_numbers(codes, np.flatnonzero(codes < 32))
    # From the fourth on, a number is the difference to the one two before.
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    if (values.min() < 0 or values.max() > height * width
            or values.sum() != height * width):
        raise ValueError(f'RLE runs do not add up to the {height * width} pixels '
                         f'of their size {[height, width]}')
    return values


def unpack_numbers(codes: np.ndarray, last: np.ndarray) -> np.ndarray:
    """The signed numbers that strings of counts write, one after the other.

    Args:
        codes: (k,) uint8 below 64: five bits of a number, low ones first, and
            whether another character follows.
        last: (n,) the last character of each number, whose fifth bit is the
            sign.

    Returns:
        (n,) int64.

    Raises:
        ValueError: if a number has more digits than pycocotools writes.
    """
    first = np.r_[0, last[:-1] + 1]
    digits = last - first + 1
    most = int(digits.max())
    if most > _MOST_DIGITS:
        raise ValueError('RLE counts hold a run longer than any image')
    bits = codes & np.uint8(31)
    values = bits[first].astype(np.int64)
    for digit in range(1, most):
        longer = np.flatnonzero(digits > digit)
        values[longer] |= bits[first[longer] + digit].astype(np.int64) << 5 * digit
    negative = np.flatnonzero(codes[last] & np.uint8(16))
    values[negative] -= np.int64(1) << 5 * digits[negative]
    return values


def segmentation_to_rle(segmentation: Any, height: int, width: int) -> RLE:
    """Turn any COCO segmentation into one compressed RLE.

    Args:
        segmentation: a list of polygons (each a flat list x, y, ...), an
            uncompressed RLE (list counts), or a compressed one (str or bytes
            counts).
        height: of the image in pixels.
        width: of the image in pixels.

    Returns:
        ``{'size': [height, width], 'counts': str}``; polygons are joined.

    Raises:
        ValueError: if it is empty, of another kind, of another size, or its
            run lengths cannot be read.
    """
    height, width = _check_shape((height, width))
    if isinstance(segmentation, dict):
        return _rle_dict_to_rle(segmentation, height, width)
    if not isinstance(segmentation, (list, tuple)):
        raise ValueError(
            f'segmentation is a {type(segmentation).__name__}, expected a list '
            'of polygons or an RLE dict')
    # Fewer than three points have no area, and pycocotools would read a list
    # of four numbers as a box.
    polygons = [list(p) for p in segmentation
                if isinstance(p, (list, tuple))
                and len(p) >= 6 and len(p) % 2 == 0]
    if not polygons:
        raise ValueError('segmentation has no polygon of three or more points')
    return _with_str_counts(
        coco_mask.merge(coco_mask.frPyObjects(polygons, height, width)))


def _rle_dict_to_rle(segmentation: dict, height: int, width: int) -> RLE:
    """Check a dict segmentation and return it in compressed form."""
    counts = segmentation.get('counts')
    size = list(segmentation.get('size') or [])
    if size != [height, width]:
        raise ValueError(f'RLE has size {size}, expected {[height, width]} '
                         '([height, width] of the image)')
    if isinstance(counts, (str, bytes)) and counts:
        rle = _with_str_counts(dict(size=size, counts=counts))
        rle_counts(rle)  # pycocotools would trust it
        return rle
    if not isinstance(counts, (list, tuple)) or sum(counts) != height * width:
        raise ValueError(
            'RLE counts are neither a compressed string nor a list that adds '
            f'up to the {height * width} pixels of the image')
    return _with_str_counts(coco_mask.frPyObjects(
        dict(size=size, counts=list(counts)), height, width))


def _compress(edges: np.ndarray, height: int, width: int) -> RLE:
    """Compress ascending run edges (start, end, start, end, ...).

    Args:
        edges: (2k,) int64, column-major positions in the full image, end
            exclusive; an end may equal the next start, where a run goes on
            from the foot of one column to the head of the next.
        height: of the image in pixels.
        width: of the image in pixels.
    """
    touching = np.flatnonzero(edges[1:-1:2] == edges[2::2]) * 2 + 1
    if touching.size:
        edges = np.delete(edges, np.concatenate([touching, touching + 1]))
    total = height * width
    ends_inside = edges.size == 0 or edges[-1] != total
    counts = np.empty(edges.size + ends_inside, np.int64)
    counts[:edges.size] = edges
    if ends_inside:
        counts[-1] = total
    counts[1:] -= counts[:-1].copy()
    return _with_str_counts(coco_mask.frPyObjects(
        dict(size=[height, width], counts=counts), height, width))


def _with_str_counts(rle: RLE) -> RLE:
    """Return the RLE with counts as ascii str, fit for JSON."""
    counts = rle['counts']
    if isinstance(counts, bytes):
        counts = counts.decode('ascii')
    return dict(size=[int(v) for v in rle['size']], counts=counts)


def _pixel_span(low: float, high: float, limit: int) -> tuple[int, int]:
    """Return the pixels [first, last) of [low, high] that lie in [0, limit)."""
    # Python's numbers: numpy takes 20 times as long for a single one.
    first = math.floor(min(max(low + EDGE_TOLERANCE, 0), limit - 1))
    last = math.ceil(min(max(high - EDGE_TOLERANCE, 0), limit))
    return first, max(last, first + 1)


def _check_shape(image_shape: tuple[int, int]) -> tuple[int, int]:
    """Return (height, width) as ints; raise ValueError if it is no image."""
    height, width = (int(v) for v in image_shape)
    if height < 1 or width < 1 or height * width > MAX_PIXELS:
        raise ValueError(f'image shape {(height, width)} (height, width) has no '
                         'pixel or more than a COCO RLE can count')
    return height, width
