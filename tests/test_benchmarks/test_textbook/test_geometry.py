"""Crops and grids of the textbook, by hand and against the product's."""

import numpy as np
import pytest
import torch

from benchmarks.textbook.geometry import (cut, expand, normalise, rectangles,
                                          resize, to_crop)
from mmdet_mal.models.box_geometry import rectangle_mask
from mmdet_mal.structures.crop import crop_and_resize, expand_bbox


@pytest.mark.parametrize('rates, window', [
    pytest.param((0, 0, 0, 0), (10, 20, 30, 60), id='as it is'),
    # Half of the sides are 10 and 20 px.
    pytest.param((.3, .3, .3, .3), (7, 14, 33, 66), id='all sides'),
    pytest.param((1.2, 0, 0, .05), (-2, 20, 30, 61), id='overhang, rounded out'),
])
def test_boxes_are_expanded_by_halves(rates, window):
    assert expand((10, 20, 30, 60), rates) == window


def test_crops_are_those_of_the_product():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (90, 70, 3), np.uint8)
    for _ in range(40):
        x0, y0 = rng.uniform(0, 55), rng.uniform(0, 75)
        box = x0, y0, x0 + rng.uniform(3, 15), y0 + rng.uniform(3, 15)
        rates = tuple(rng.uniform(0, 4, 4))
        window = expand(box, rates)
        assert window == tuple(expand_bbox(np.array(box), rates))
        crop, valid = cut(image, window, (32, 24))
        own, own_valid = crop_and_resize(image, np.array(window), (32, 24))
        assert np.array_equal(crop, own)
        assert valid == pytest.approx(own_valid, abs=1e-4)


def test_a_side_that_shrinks_is_averaged_and_one_that_grows_interpolated():
    image = np.array([[0, 4, 8, 12]], np.float32)
    assert resize(image, (1, 2)).tolist() == [[2, 10]]
    assert resize(np.array([[0, 8]], np.float32), (1, 4)).tolist() == [
        [0, 2, 6, 8]]


def test_boxes_move_into_the_crop():
    assert to_crop((12, 30, 20, 50), (10, 20, 30, 60), (80, 40)) == (
        4, 20, 20, 60)


def test_rectangles_hold_the_cells_whose_centre_they_hold():
    boxes = torch.tensor([[0., 0., 8., 4.], [1.9, 2., 6.1, 16.]])
    masks = rectangles(boxes, (4, 4), 4)
    assert masks[0].nonzero().tolist() == [[0, 0], [0, 1]]
    assert masks[1].nonzero().tolist() == [[y, x] for y in range(4)
                                           for x in (0, 1)]
    assert torch.equal(masks, rectangle_mask(boxes, (4, 4), 4))


def test_bytes_become_normalised_rgb():
    crop = np.zeros((1, 1, 3), np.uint8)
    crop[0, 0] = 0, 0, 124  # BGR
    red, green, blue = normalise(crop).flatten().tolist()
    assert red == pytest.approx((124 - 123.675) / 58.395, rel=1e-4)
    assert green == pytest.approx(-116.28 / 57.12)
    assert blue == pytest.approx(-103.53 / 57.375)
