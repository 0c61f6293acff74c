import numpy as np
import pytest

from mmdet_mal.evaluation.boundary_iou import (boundary_distance, boundary_iou,
                                               mask_rim)
from mmdet_mal.structures.rle import encode_window


def rle(mask):
    return encode_window(mask, (0, 0, mask.shape[1], mask.shape[0]), mask.shape)


def rectangle(top, bottom, left, right, shape=(60, 80)):
    mask = np.zeros(shape, bool)
    mask[top:bottom, left:right] = True
    return mask


@pytest.mark.parametrize('shape, expected', [
    pytest.param((60, 80), 2, id='2 % of a diagonal of 100'),
    pytest.param((480, 640), 16, id='vga'),
    pytest.param((3, 4), 1, id='never less than 1'),
])
def test_distance_is_a_share_of_the_diagonal(shape, expected):
    assert boundary_distance(shape) == expected


def test_rim_of_a_square_by_hand():
    rim = mask_rim(rectangle(1, 6, 1, 6, (7, 7)), 1)
    assert rim.sum() == 16 and not rim[2:5, 2:5].any()


def test_rim_runs_along_the_border_of_the_image_too():
    rim = mask_rim(np.ones((5, 5), bool), 1)
    assert rim.sum() == 16 and not rim[2, 2]


def test_shifted_square_by_hand():
    # d = 2: rims of a 10 x 10 square hold 100 - 36 = 64 px.  Moved by 5 to
    # the right, they share rows 10, 11, 18, 19 of columns 15 to 19 (20 px)
    # and, in the six rows between, nothing: the rims there are columns 10, 11,
    # 18, 19 and 15, 16, 23, 24.
    first, second = rectangle(10, 20, 10, 20), rectangle(10, 20, 15, 25)
    assert boundary_iou(rle(first), rle(second)) == pytest.approx(
        20 / (64 + 64 - 20))


def test_small_masks_have_the_plain_iou():
    """A mask thinner than its rim is all rim."""
    first, second = rectangle(10, 13, 10, 20), rectangle(11, 14, 10, 20)
    assert boundary_iou(rle(first), rle(second)) == pytest.approx(20 / 40)


def test_equals_the_definition_on_whole_images():
    rng = np.random.default_rng(0)
    for _ in range(20):
        masks = []
        for _ in range(2):
            top, left = rng.integers(0, 40), rng.integers(0, 50)
            mask = rectangle(top, top + rng.integers(1, 20), left,
                             left + rng.integers(1, 30))
            masks.append(mask & (rng.random(mask.shape) < .95))
        rims = [mask_rim(mask, 2) for mask in masks]
        union = (rims[0] | rims[1]).sum()
        expected = (rims[0] & rims[1]).sum() / union if union else 0
        found = boundary_iou(rle(masks[0]), rle(masks[1]))
        assert found == pytest.approx(expected)
        assert found == boundary_iou(rle(masks[1]), rle(masks[0]))


def test_a_hole_lowers_it_more_than_the_mask_iou():
    whole = rectangle(5, 55, 5, 75)
    holed = whole & ~rectangle(20, 24, 30, 34)
    assert (whole & holed).sum() / whole.sum() > .99
    assert boundary_iou(rle(holed), rle(whole)) < .95


def test_empty_masks_and_other_sizes():
    empty = rle(np.zeros((60, 80), bool))
    assert boundary_iou(empty, empty) == 0
    with pytest.raises(ValueError, match='one size'):
        boundary_iou(empty, rle(np.zeros((80, 60), bool)))
