"""Run-length encoding equals pycocotools, whatever the window.

Everyday: 2,000 examples that hypothesis looks for and 20,000 drawn at random;
with ``-m full`` a million of the latter (six minutes).
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco_mask

from mmdet_mal.structures.rle import (
    EDGE_TOLERANCE,
    bbox_rle,
    encode_window,
    rle_area,
    rle_counts,
    rle_to_mask,
    segmentation_to_rle,
)

MARGIN = 40  # no window below sticks out further


def reference(canvas):
    """What pycocotools makes of all pixels of the image."""
    rle = coco_mask.encode(np.asfortranarray(canvas))
    return dict(size=rle['size'], counts=rle['counts'].decode('ascii'))


def paste(mask, window, image_shape):
    """Put a mask on a canvas that is too large, then cut the image out."""
    height, width = image_shape
    canvas = np.zeros((width + 2 * MARGIN, height + 2 * MARGIN), np.uint8).T
    x0, y0 = window[0] + MARGIN, window[1] + MARGIN
    canvas[y0:y0 + mask.shape[0], x0:x0 + mask.shape[1]] = mask
    return canvas[MARGIN:MARGIN + height, MARGIN:MARGIN + width]


def touched(low, high, count):
    """Pixels that an interval touches by more than the tolerance, or one."""
    pixels = np.arange(count)
    hit = (pixels + 1 > low + EDGE_TOLERANCE) & (pixels < high - EDGE_TOLERANCE)
    if not hit.any():  # a sliver: the pixel in which it begins
        hit[min(max(int(np.floor(low + EDGE_TOLERANCE)), 0), count - 1)] = True
    return hit


def filled(bbox, image_shape):
    """The canvas of a filled box."""
    columns = touched(bbox[0], bbox[2], image_shape[1])
    rows = touched(bbox[1], bbox[3], image_shape[0])
    return (rows[:, None] & columns).astype(np.uint8)


def draw_mask(rng, height, width):
    """Noise, nothing, everything, an ellipse, stripes or a border."""
    kind = rng.integers(8)
    if kind < 3:
        return rng.random((height, width)) < (.1, .5, .9)[kind]
    if kind == 3:
        return np.zeros((height, width), bool)
    if kind == 4:
        return np.ones((height, width), bool)
    y, x = np.ogrid[:height, :width]
    if kind == 5:
        return ((2 * x + 1 - width) / width)**2 + (
            (2 * y + 1 - height) / height)**2 < 1
    if kind == 6:
        return np.broadcast_to((x + rng.integers(2) * y) % 2 == 0,
                               (height, width))
    return (x == 0) | (y == 0) | (x == width - 1) | (y == height - 1)


def check_random_cases(seed, count):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        image_shape = tuple(rng.integers(1, 48, 2).tolist())
        size = rng.integers(1, 36, 2)
        if rng.integers(4) == 0:  # pixels, rows and columns
            size[rng.integers(2)] = 1
        # Corners anywhere from wholly before to wholly behind the image, and
        # every fourth on a border of it.
        low = [int(rng.integers(-size[a] - 2, image_shape[a] + 3)) for a in (0, 1)]
        axis, where = rng.integers(2), rng.integers(8)
        if where < 2:
            low[axis] = 0 if where else int(image_shape[axis] - size[axis])
        window = (low[1], low[0], int(low[1] + size[1]), int(low[0] + size[0]))
        mask = draw_mask(rng, *size.tolist())
        canvas = paste(mask, window, image_shape)
        rle = encode_window(mask, window, image_shape)
        assert rle == reference(canvas), (window, image_shape, mask)
        assert rle_area(rle) == canvas.sum()

        start = rng.uniform(-9, np.array(image_shape) - .1)
        stop = np.maximum(start + rng.exponential(9, 2), .1)
        bbox = (start[1], start[0], stop[1], stop[0])
        assert bbox_rle(bbox, image_shape) == reference(
            filled(bbox, image_shape)), (bbox, image_shape)


@pytest.mark.parametrize('seed', range(2))
def test_twenty_thousand_random_cases(seed):
    check_random_cases(seed, 10_000)


@pytest.mark.full
@pytest.mark.parametrize('seed', range(100, 110))
def test_a_million_random_cases(seed):
    check_random_cases(seed, 100_000)


sides = st.integers(1, 30)


@st.composite
def windows(draw):
    """An image, a window that may overhang or miss it, and its mask."""
    image_shape = draw(sides), draw(sides)
    height, width = draw(sides), draw(sides)
    x0 = draw(st.one_of(st.just(0), st.just(image_shape[1] - width),
                        st.integers(-width - 1, image_shape[1] + 1)))
    y0 = draw(st.one_of(st.just(0), st.just(image_shape[0] - height),
                        st.integers(-height - 1, image_shape[0] + 1)))
    mask = draw(arrays(bool, (height, width), fill=st.booleans()))
    return mask, (x0, y0, x0 + width, y0 + height), image_shape


@settings(max_examples=1000, deadline=None, derandomize=True)
@given(windows())
def test_windows_that_hypothesis_finds(case):
    mask, window, image_shape = case
    canvas = paste(mask, window, image_shape)
    rle = encode_window(mask, window, image_shape)
    assert rle == reference(canvas)
    assert (rle_to_mask(rle) == canvas.astype(bool)).all()
    counts = rle_counts(rle)
    assert counts[1::2].sum() == canvas.sum()
    assert segmentation_to_rle(
        dict(size=list(image_shape), counts=counts.tolist()), *image_shape) == rle


def coordinates(low, high):
    """Whole pixels, or thousandths that rounding cannot take to a border."""
    low = int(np.ceil(low))
    return st.one_of(
        st.integers(low, high).map(float),
        st.integers(low * 1000, high * 1000).map(lambda v: v / 1000 + 1e-4))


@st.composite
def boxes(draw):
    """An image and a float box that touches it; edges like to be borders."""
    image_shape = draw(sides), draw(sides)
    edges = []
    for size in image_shape:
        low = draw(coordinates(-5, size - 1))
        edges.append((low, draw(coordinates(max(low, 0), size + 5)) + .1))
    (y0, y1), (x0, x1) = edges
    return (x0, y0, x1, y1), image_shape


@settings(max_examples=1000, deadline=None, derandomize=True)
@given(boxes())
def test_boxes_that_hypothesis_finds(case):
    bbox, image_shape = case
    assert bbox_rle(bbox, image_shape) == reference(filled(bbox, image_shape))
