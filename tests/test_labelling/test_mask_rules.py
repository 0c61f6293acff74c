"""Threshold by tightness, small parts, holes: by hand."""

import numpy as np
import pytest

from mmdet_mal.labelling.mask_rules import (drop_small_parts, fill_holes,
                                            side_slack, tight_threshold)
from mmdet_mal.labelling.postprocess import (MaskOptions, probability_to_rle,
                                             sides_reached)
from mmdet_mal.structures.rle import rle_to_mask

BOX = (10, 20, 20, 30)  # a slack of one pixel


def cross(left=.9, right=.8, top=.7, bottom=.6):
    """Probability .95 in the middle; each side is reached by one arm."""
    prob = np.zeros((10, 10), np.float32)
    prob[4:6, 4:6] = .95
    prob[5, :4], prob[5, 6:], prob[:4, 5], prob[6:, 5] = left, right, top, bottom
    return prob


@pytest.mark.parametrize('low, high, expected', [
    (0., .9, .6), (.1, .3, .3), (.7, .9, .7), (.5, .5, .5)])
def test_the_least_of_the_sides_decides_within_bounds(low, high, expected):
    threshold = tight_threshold(cross(), BOX, low, high)
    assert threshold == pytest.approx(expected)


def test_it_is_the_largest_threshold_that_reaches_all_sides():
    prob = np.random.default_rng(0).random((10, 10)).astype(np.float32)
    threshold = tight_threshold(prob, BOX, 0., .999)
    assert sides_reached(prob > threshold, (10, 20), BOX) == 1
    above = np.nextafter(np.float32(threshold), np.float32(1))
    assert sides_reached(prob > above, (10, 20), BOX) < 1


def test_slack_grows_with_the_box():
    assert side_slack((0, 0, 10, 500)) == (1, 10)


def test_an_empty_map_takes_the_upper_bound():
    assert tight_threshold(np.zeros((0, 0), np.float32), BOX, .3, .8) == .8


def parts():
    """Parts of 12, 4 and 1 pixels; the last two touch at a corner of nothing."""
    mask = np.zeros((8, 8), bool)
    mask[0:3, 0:4] = True
    mask[5:7, 5:7] = True
    mask[7, 0] = True
    return mask


@pytest.mark.parametrize('share, left', [
    (0., 17), (.05, 17), (.2, 16), (1 / 3, 16), (.5, 12), (1., 12)])
def test_small_parts_go(share, left):
    kept = drop_small_parts(parts(), share)
    assert kept.sum() == left and not (kept & ~parts()).any()


def test_parts_that_touch_at_a_corner_are_one():
    mask = np.eye(4, dtype=bool)
    assert drop_small_parts(mask, 1.).sum() == 4


def test_nothing_stays_nothing():
    empty = np.zeros((3, 3), bool)
    assert not drop_small_parts(empty, 1.).any()
    assert not fill_holes(empty, 1.).any()


def ring():
    """21 pixels around a hole of 4; a bay at the border is no hole."""
    mask = np.ones((5, 6), bool)
    mask[1:3, 1:3] = False
    mask[4, 3] = mask[3, 5] = False
    return mask


@pytest.mark.parametrize('share, added', [(0., 0), (.1, 0), (4 / 24, 4), (1., 4)])
def test_holes_are_filled_up_to_a_share_of_the_mask(share, added):
    filled = fill_holes(ring(), share)
    assert filled.sum() - ring().sum() == added
    assert not filled[4, 3] and not filled[3, 5]


def test_ground_that_leaks_out_by_a_side_is_no_hole():
    mask = np.ones((3, 3), bool)
    mask[1, 1] = mask[1, 2] = False
    assert (fill_holes(mask, 1.) == mask).all()


def label(prob, **options):
    rle, area, found = probability_to_rle(
        prob, (10, 20, 20, 30), (12, 22, 18, 28), (40, 40), MaskOptions(**options))
    return rle_to_mask(rle), area, found


def test_a_margin_lets_masks_out_of_their_box():
    prob = np.ones((10, 10), np.float32)
    mask, area, found = label(prob)
    assert area == 36
    wider, area, parts = label(prob, box_margin=1 / 6)
    assert area == 64 and wider[21:29, 11:19].all()
    assert parts['box_fill'] == found['box_fill'] == 1
    # No further than the crop shows.
    assert label(prob, box_margin=1.)[1] == 100


def test_switches_work_in_the_labelling():
    prob = np.zeros((10, 10), np.float32)
    prob[2:8, 2:8] = .9
    prob[4, 4] = .1
    prob[2:8, 2] = .45
    assert label(prob)[1] == 29
    assert label(prob, tight_range=(.3, .8))[1] == 35
    assert label(prob, max_hole=.1)[1] == 30
    prob[:, 5] = 0
    # Columns 3, 4 (a pixel short) and 6, 7.
    assert label(prob, min_part=1.)[0].sum() == 12


@pytest.mark.parametrize('options, words', [
    (dict(tight_range=(.8, .3)), 'tight_range'),
    (dict(tight_range=(0., 1.)), 'high < 1'),
    (dict(box_margin=-.1), 'box_margin'), (dict(min_part=1.5), 'min_part'),
    (dict(max_hole=float('nan')), 'max_hole')])
def test_wrong_options_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        MaskOptions(**options)
