"""Polygons along pixel borders, proven by drawing them again."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as arrays
from pycocotools import mask as coco_mask

from mmdet_mal.formats.outlines import (cut_into_polygons, join_rings, ring_area,
                                        simplify_ring, trace_rings)

RING = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], bool)
MASKS = arrays.arrays(bool, arrays.array_shapes(min_dims=2, max_dims=2, max_side=12))


def draw(rings, shape):
    """As pycocotools draws a list of polygons: their union."""
    return coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(
        [ring.astype(float).reshape(-1).tolist() for ring in rings],
        *shape))).astype(bool)


def test_a_pixel_is_a_square_of_area_one():
    ring, = trace_rings(np.ones((1, 1), bool))
    assert ring.tolist() == [[0, 0], [1, 0], [1, 1], [0, 1]]
    assert ring_area(ring) == 1


def test_a_hole_runs_the_other_way():
    assert sorted(map(ring_area, trace_rings(RING))) == [-1, 9]


def test_pixels_that_touch_at_a_corner_stay_apart():
    rings = trace_rings(np.eye(2, dtype=bool))
    assert sorted(map(ring_area, rings)) == [1, 1]


@settings(max_examples=150, deadline=None)
@given(MASKS)
def test_areas_add_up(mask):
    assert sum(map(ring_area, trace_rings(mask))) == mask.sum()


@settings(max_examples=150, deadline=None)
@given(MASKS.filter(np.any))
def test_pieces_have_no_holes_and_draw_the_same_mask(mask):
    pieces = cut_into_polygons(mask)
    assert all(ring_area(piece) > 0 for piece in pieces)
    assert sum(map(ring_area, pieces)) == mask.sum()  # no overlap
    assert (draw(pieces, mask.shape) == mask).all()


@settings(max_examples=150, deadline=None)
@given(MASKS.filter(np.any))
def test_a_joined_polygon_draws_the_same_mask(mask):
    assert (draw([join_rings(trace_rings(mask))], mask.shape) == mask).all()


def test_a_ring_is_cut_once():
    assert len(cut_into_polygons(RING)) == 2


def test_no_mask_no_polygon():
    assert trace_rings(np.zeros((3, 3), bool)) == []
    assert cut_into_polygons(np.zeros((3, 3), bool)) == []


def test_simplified_rings_stay_close_and_small_ones_whole():
    disc = np.zeros((101, 101), np.uint8)
    cv2.circle(disc, (50, 50), 40, 1, -1)
    ring, = trace_rings(disc.astype(bool))
    simple = simplify_ring(ring, 1.)
    assert len(simple) < len(ring) / 4
    drawn = draw([simple], disc.shape)
    assert (drawn & (disc > 0)).sum() / (drawn | (disc > 0)).sum() > .97
    square, = trace_rings(np.ones((1, 1), bool))
    assert simplify_ring(square, 5.) is square
    assert simplify_ring(ring, 0.) is ring


@pytest.mark.parametrize('size', [3, 5, 9])
def test_opencv_contours_would_lose_a_border(size):
    """Why we trace by ourselves."""
    mask = np.ones((size, size), np.uint8)
    contours, _ = cv2.findContours(cv2.copyMakeBorder(mask, 1, 1, 1, 1, 0),
                                   cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    assert cv2.contourArea(contours[0]) == (size - 1) ** 2
