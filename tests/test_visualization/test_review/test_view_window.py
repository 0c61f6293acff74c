"""Windows, and masks in them, by hand."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from mmdet_mal.structures.rle import encode_window, rle_to_mask
from mmdet_mal.visualization.review.view_window import (MAX_VIEW_SIDE, crop_jpeg,
                                                        finite_box, mask_window,
                                                        size_class, view_counts,
                                                        view_size, view_window,
                                                        window_mask)

NAN, INF = float('nan'), float('inf')


@pytest.mark.parametrize('bbox, expected', [
    # Half the side of 160 is 80, half of that is 40 more on each side.
    pytest.param((100, 50, 160, 80), (60, 30, 300, 150), id='share of the box'),
    pytest.param((100, 50, 10, 4), (84, 34, 126, 70), id='16 px at least'),
    pytest.param((0, 0, 160, 80), (0, 0, 200, 100), id='cut off at the border'),
    pytest.param((-50, -50, 20, 20), None, id='outside'),
    pytest.param((10, 10, 0, 5), None, id='no width'),
    pytest.param((NAN, 0, 5, 5), None, id='nan'),
    pytest.param((0, 0, INF, 5), None, id='inf'),
    pytest.param((1e300, 0, 5, 5), None, id='huge'),
    pytest.param(None, None, id='none'),
    pytest.param('box', None, id='text'),
])
def test_window_of_a_box(bbox, expected):
    assert view_window(bbox, (300, 400)) == expected


def test_a_mask_stands_in_for_its_box():
    rle = encode_window(np.ones((10, 20), bool), (30, 40, 50, 50), (100, 100))
    assert mask_window(rle) == (14, 24, 66, 66)
    empty = encode_window(np.zeros((1, 1), bool), (0, 0, 1, 1), (100, 100))
    assert mask_window(empty) is None


def test_a_broken_rle_never_reaches_pycocotools():
    with pytest.raises(ValueError):
        mask_window(dict(size=[10, 10], counts='~~~'))


@pytest.mark.parametrize('bbox', [(1, 2, 3), (1, 2, 3, 'x'), {}, 5, (1, 2, -3, 4)])
def test_what_is_no_box(bbox):
    assert finite_box(bbox) is None


def test_views_keep_their_aspect_and_have_a_limit():
    assert view_size((0, 0, 300, 200)) == (200, 300)
    assert view_size((0, 0, 4 * MAX_VIEW_SIDE, 2 * MAX_VIEW_SIDE)) == (
        MAX_VIEW_SIDE // 2, MAX_VIEW_SIDE)
    assert view_size((0, 0, 100_000, 1)) == (1, MAX_VIEW_SIDE)


@st.composite
def masks_and_windows(draw):
    height, width = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    bits = draw(st.lists(st.booleans(), min_size=height * width,
                         max_size=height * width))
    x0, y0 = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    x1, y1 = draw(st.integers(x0 + 1, width)), draw(st.integers(y0 + 1, height))
    return np.reshape(bits, (height, width)), (x0, y0, x1, y1)


@settings(max_examples=200, deadline=None)
@given(masks_and_windows())
def test_the_part_of_a_mask_equals_the_slice_of_the_whole(case):
    mask, window = case
    x0, y0, x1, y1 = window
    rle = encode_window(mask, (0, 0, mask.shape[1], mask.shape[0]), mask.shape)
    part, outside = window_mask(rle, window)
    assert (part == mask[y0:y1, x0:x1]).all()
    assert outside == mask.sum() - part.sum()


@settings(max_examples=100, deadline=None)
@given(masks_and_windows())
def test_view_counts_are_rows_of_the_window(case):
    mask, window = case
    x0, y0, x1, y1 = window
    rle = encode_window(mask, (0, 0, mask.shape[1], mask.shape[0]), mask.shape)
    counts, _ = view_counts(rle, window)
    # Columns of the transposed part are rows of the part.
    turned = coco_mask.decode(dict(size=[x1 - x0, y1 - y0], counts=counts))
    assert (turned.T == mask[y0:y1, x0:x1]).all()


def test_large_views_are_scaled_down_and_keep_their_share():
    side = 2 * MAX_VIEW_SIDE
    mask = np.zeros((side, side), bool)
    mask[:, :side // 4] = True
    rle = encode_window(mask, (0, 0, side, side), mask.shape)
    counts, outside = view_counts(rle, (0, 0, side, side))
    view = rle_to_mask(dict(size=[MAX_VIEW_SIDE] * 2, counts=counts)).T
    assert outside == 0
    assert view.mean() == pytest.approx(.25, abs=1e-3)
    assert view[:, :MAX_VIEW_SIDE // 4].all()


def test_a_crop_shows_the_window():
    img = np.zeros((60, 80, 3), np.uint8)
    img[20:40, 30:60] = (10, 200, 90)
    crop = cv2.imdecode(np.frombuffer(crop_jpeg(img, (30, 20, 60, 40)), np.uint8), 1)
    assert crop.shape == (20, 30, 3)
    assert np.abs(crop.astype(int) - (10, 200, 90)).max() < 8


@pytest.mark.parametrize('area, expected', [
    (0, 0), (1023.9, 0), (1024, 1), (9215.9, 1), (9216, 2), (1e9, 2)])
def test_sizes_are_half_open(area, expected):
    assert size_class(area, (32**2, 96**2)) == expected
