"""Crop windows around boxes: pure functions, no state (paper section 3.1).

Coordinates are continuous image pixels: pixel ``i`` covers ``[i, i + 1)``.  A
*window* is an integer xyxy rectangle in the image; it may overhang the image.
A *crop* is a window resized to a fixed size, its aspect ratio not kept.
Every ``size`` and ``shape`` is ``(height, width)``.
"""

from collections.abc import Sequence

import cv2
import numpy as np

_BORDERS = dict(reflect=cv2.BORDER_REFLECT_101, zero=cv2.BORDER_CONSTANT)
PADDINGS = (*_BORDERS, 'wrap')


def expand_bbox(bbox: np.ndarray,
                rates: Sequence[float],
                image_shape: tuple[int, int] | None = None) -> np.ndarray:
    """Expand a box about its centre to an integer window.

    The rates are relative to half the size, as the text of the paper's
    section 3.1 means it: left edge = xc - (1 + rate) * w / 2.

    Args:
        bbox (np.ndarray): Box, shape (4,), xyxy in image pixels, of positive
            width and height.
        rates (Sequence[float]): Expansion (left, top, right, bottom), each
            at least 0; 0 leaves the edge where it is.
        image_shape (tuple[int, int], optional): Height and width of the
            image.  When given, the window is cut off at the image's border;
            by default it may overhang.

    Returns:
        np.ndarray: Window, shape (4,), int64, xyxy in image pixels: the
        smallest integer rectangle around the expanded box, at least one
        pixel wide and high.

    Raises:
        ValueError: If the box is not finite or not of positive size, a rate
            is negative, or nothing of the window lies in ``image_shape``.
    """
    x0, y0, x1, y1 = (float(v) for v in bbox)
    if not (np.isfinite([x0, y0, x1, y1]).all() and x1 > x0 and y1 > y0):
        raise ValueError(
            f'box {[x0, y0, x1, y1]} is not a finite xyxy rectangle of '
            'positive size; repair the annotation or leave it out')
    left, top, right, bottom = (float(r) for r in rates)
    if not all(rate >= 0 for rate in (left, top, right, bottom)):
        raise ValueError(f'expansion rates must be >= 0, got {tuple(rates)}')
    half_w, half_h = (x1 - x0) / 2, (y1 - y0) / 2
    # Written as edge -/+ extra (not centre -/+ half) so that rate 0 returns
    # the edge itself without rounding noise that floor and ceil would blow up.
    low = np.floor([x0 - left * half_w, y0 - top * half_h])
    high = np.ceil([x1 + right * half_w, y1 + bottom * half_h])
    high = np.maximum(high, low + 1)
    window = np.concatenate([low, high]).astype(np.int64)
    if image_shape is not None:
        window = clip_window(window, image_shape)
    return window


def clip_window(window: np.ndarray,
                image_shape: tuple[int, int]) -> np.ndarray:
    """Cut a window off at the border of the image.

    Args:
        window (np.ndarray): Window, shape (4,), integer xyxy.
        image_shape (tuple[int, int]): Height and width of the image.

    Returns:
        np.ndarray: The part inside the image, shape (4,), int64, xyxy.

    Raises:
        ValueError: If the window lies wholly outside the image.
    """
    height, width = image_shape
    x0, y0, x1, y1 = (int(v) for v in window)
    inside = (max(x0, 0), max(y0, 0), min(x1, width), min(y1, height))
    if inside[2] <= inside[0] or inside[3] <= inside[1]:
        raise ValueError(
            f'window {(x0, y0, x1, y1)} shows nothing of the image, which is '
            f'{width} wide and {height} high')
    return np.array(inside, dtype=np.int64)


def window_size(window: np.ndarray) -> tuple[int, int]:
    """Height and width of a window in image pixels.

    Args:
        window (np.ndarray): Window, shape (4,), integer xyxy.

    Returns:
        tuple[int, int]: Height and width.
    """
    x0, y0, x1, y1 = (int(v) for v in window)
    return y1 - y0, x1 - x0


def bbox_to_crop(bbox: np.ndarray, window: np.ndarray,
                 size: tuple[int, int]) -> np.ndarray:
    """Move boxes from image pixels to crop pixels.

    Args:
        bbox (np.ndarray): Boxes, shape (..., 4), xyxy in image pixels.
        window (np.ndarray): Window of the crop, shape (4,), integer xyxy.
        size (tuple[int, int]): Height and width of the crop.

    Returns:
        np.ndarray: Boxes, shape (..., 4), float32, xyxy in crop pixels; not
        clipped to the crop.
    """
    window_h, window_w = window_size(window)
    scale = np.array([size[1] / window_w, size[0] / window_h] * 2)
    origin = np.array([window[0], window[1]] * 2, dtype=np.float64)
    moved = (np.asarray(bbox, dtype=np.float64) - origin) * scale
    return moved.astype(np.float32)


def crop_and_resize(
        img: np.ndarray,
        window: np.ndarray,
        size: tuple[int, int],
        padding: str = 'reflect') -> tuple[np.ndarray, np.ndarray]:
    """Cut a window out of an image and resize it.

    Only the pixels under the window are read: the image is sliced first, and
    only the slice is padded and resized.

    Args:
        img (np.ndarray): Image, shape (H, W, 3) or (H, W), uint8.
        window (np.ndarray): Window, shape (4,), integer xyxy in image pixels;
            may overhang the image, but must show a part of it.
        size (tuple[int, int]): Height and width of the crop.
        padding (str): What overhang shows: 'reflect' mirrors the visible part
            at the border of the image (repeatedly where the overhang is wider
            than that part), 'zero' is black, 'wrap' goes on at the opposite
            side of the image (released).  Defaults to 'reflect'.

    Returns:
        tuple[np.ndarray, np.ndarray]: The crop, shape (*size, 3) or size,
        uint8, and ``valid_bbox``, shape (4,), float32: the part of the crop
        that shows the image, xyxy in crop pixels.

    Raises:
        ValueError: If the padding is unknown or the window lies wholly
            outside the image.
    """
    if padding not in PADDINGS:
        raise ValueError(f"padding must be one of {sorted(PADDINGS)}, got "
                         f"'{padding}'")
    x0, y0, x1, y1 = (int(v) for v in window)
    inside = clip_window(window, img.shape[:2])
    left, top, right, bottom = (int(v) for v in inside)
    overhangs = (left, top, right, bottom) != (x0, y0, x1, y1)
    if overhangs and padding == 'wrap':
        crop = _cut_wrapped(img, (x0, y0, x1, y1))
        return _resize(crop, size), bbox_to_crop(inside, window, size)
    crop = img[top:bottom, left:right]
    if overhangs:
        # OpenCV reflects as often as the overhang asks for, and repeats the
        # pixel where the slice is a single row or column.
        crop = cv2.copyMakeBorder(crop, top - y0, y1 - bottom, left - x0,
                                  x1 - right, _BORDERS[padding])
    return _resize(crop, size), bbox_to_crop(inside, window, size)


def _cut_wrapped(img: np.ndarray,
                 window: tuple[int, int, int, int]) -> np.ndarray:
    """Cut a window out of the endless tiling of the plane by the image.

    By slices alone, as images that are read by region know nothing else.
    """
    x0, y0, x1, y1 = window
    height, width = img.shape[:2]
    columns = _wrapped_slices(x0, x1, width)
    return np.concatenate([
        np.concatenate([img[row, column] for column in columns], axis=1)
        for row in _wrapped_slices(y0, y1, height)
    ])


def _wrapped_slices(low: int, high: int, length: int) -> list[slice]:
    """Slices that follow [low, high) round a circle of ``length``."""
    slices = []
    while low < high:
        start = low % length
        stop = min(length, start + high - low)
        slices.append(slice(start, stop))
        low += stop - start
    return slices


def _resize(crop: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize by averaging along axes that shrink and linearly along others."""
    height, width = crop.shape[:2]
    smaller = (min(size[0], height), min(size[1], width))
    # INTER_AREA averages only when neither axis grows, so a long thin window
    # takes two steps: first the axis that shrinks, then the one that grows.
    if smaller != (height, width):
        crop = cv2.resize(
            crop, (smaller[1], smaller[0]), interpolation=cv2.INTER_AREA)
    if smaller != tuple(size):
        crop = cv2.resize(
            crop, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
    # A window of exactly the crop's size is still a view of the image here,
    # and what follows (colour, flip) must not write into a cached image.
    return np.array(crop) if crop.base is not None else crop
