"""The outline of a mask beside the edges of the picture, by hand."""

import cv2
import numpy as np
import pytest

from mmdet_mal.best_of.outline import gradient_rank, outline_components

IMAGE = np.full((40, 60, 3), 30, np.uint8)
IMAGE[10:30, 20:40] = 220
SQUARE = IMAGE[..., 0] == 220


def components(mask):
    return outline_components(mask, gradient_rank(IMAGE),
                              cv2.cvtColor(IMAGE, cv2.COLOR_BGR2Lab))


def test_a_flat_picture_has_the_middle_rank_everywhere():
    flat = gradient_rank(np.full((5, 7, 3), 80, np.uint8))
    assert flat == pytest.approx(np.full((5, 7), .5))


def test_the_outline_on_an_edge_beats_one_beside_it():
    on, beside = components(SQUARE), components(np.roll(SQUARE, 8, axis=1))
    assert on['edge'] > .8 > beside['edge']
    assert on['rim_contrast'] > beside['rim_contrast'] > 0


def test_a_mask_that_fills_the_crop_has_no_outline():
    assert components(np.ones((40, 60), bool)) == dict(edge=0., rim_contrast=0.)
