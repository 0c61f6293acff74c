"""From the probability map of a crop to a mask of the image."""

import numpy as np
import pytest

from mmdet_mal.labelling.postprocess import (
    MaskOptions,
    add_ellipse_prior,
    mask_score,
    probability_to_rle,
    resize_map,
    sides_reached,
)
from mmdet_mal.structures.rle import rle_area, rle_to_mask


def disk(size, radius):
    y, x = np.mgrid[:size, :size] + .5 - size / 2
    return (x**2 + y**2 < radius**2).astype(np.float32)


def test_mask_lies_where_the_crop_lay():
    prob = np.zeros((4, 4), np.float32)
    prob[1:3, 1:3] = .9
    # A window of the map's own size: no resize.
    rle, area, parts = probability_to_rle(prob, (10, 20, 14, 24),
                                          (11, 21, 13, 23), (30, 40))
    expected = np.zeros((30, 40), bool)
    expected[21:23, 11:13] = True
    assert (rle_to_mask(rle) == expected).all()
    assert rle['size'] == [30, 40] and isinstance(rle['counts'], str)
    assert area == 4
    assert parts['fallback'] is None
    assert parts['box_fill'] == 1
    assert parts['tightness'] == 1
    assert parts['mask_score'] == pytest.approx(np.sqrt(.9))


def test_threshold_is_strict():
    prob = np.array([[.5, .5000001]], np.float32)
    _, area, _ = probability_to_rle(prob, (0, 0, 2, 1), (0, 0, 2, 1), (1, 2))
    assert area == 1


@pytest.mark.parametrize('clip, expected', [(True, 16), (False, 36)])
def test_clip_to_box(clip, expected):
    options = MaskOptions(clip_to_box=clip)
    _, area, parts = probability_to_rle(
        np.ones((6, 6), np.float32), (0, 0, 6, 6), (1, 1, 5, 5), (10, 10), options)
    assert area == expected
    assert parts['box_fill'] == 1


@pytest.mark.parametrize('clip', [True, False])
def test_overhang_is_background(clip):
    options = MaskOptions(clip_to_box=clip)
    rle, area, _ = probability_to_rle(
        np.ones((20, 20), np.float32), (-5, -5, 15, 15), (-3, -3, 9, 9), (8, 8),
        options)
    assert rle_to_mask(rle).all() and area == 64


@pytest.mark.parametrize('clip', [True, False])
def test_empty_mask_becomes_the_box_and_says_so(clip):
    rle, area, parts = probability_to_rle(
        np.zeros((8, 8), np.float32), (0, 0, 8, 8), (2, 3, 5, 7), (10, 10),
        MaskOptions(clip_to_box=clip))
    expected = np.zeros((10, 10), bool)
    expected[3:7, 2:5] = True
    assert (rle_to_mask(rle) == expected).all()
    assert area == rle_area(rle) == 12
    assert parts == dict(fallback='empty_mask', mask_score=0., box_fill=0.,
                         tightness=0.)


def test_nan_is_background():
    prob = np.full((4, 4), np.nan, np.float32)
    prob[0, 0] = 1
    _, area, parts = probability_to_rle(prob, (0, 0, 4, 4), (0, 0, 4, 4), (4, 4))
    assert area == 1 and np.isfinite(parts['mask_score'])


def test_mask_outside_the_box_is_kept_and_does_not_score():
    prob = np.zeros((4, 4), np.float32)
    prob[0, 0] = 1
    _, area, parts = probability_to_rle(prob, (0, 0, 4, 4), (2, 2, 4, 4), (4, 4),
                                        MaskOptions(clip_to_box=False))
    assert area == 1
    assert parts['fallback'] is None
    assert parts['mask_score'] == parts['box_fill'] == parts['tightness'] == 0


@pytest.mark.parametrize('side', [16, 64, 100, 300])
def test_disk_keeps_its_area_at_any_window_size(side):
    rle, area, _ = probability_to_rle(
        disk(64, 24), (7, 5, 7 + side, 5 + side), (7, 5, 7 + side, 5 + side),
        (400, 400))
    assert area == pytest.approx(np.pi * (24 / 64 * side)**2, rel=.05)
    rows, columns = np.nonzero(rle_to_mask(rle))
    assert columns.mean() + .5 == pytest.approx(7 + side / 2, abs=.51)
    assert rows.mean() + .5 == pytest.approx(5 + side / 2, abs=.51)


def test_box_of_less_than_a_pixel_gets_a_pixel():
    rle, area, _ = probability_to_rle(np.ones((16, 16), np.float32), (3, 3, 5, 5),
                                      (3.6, 3.6, 3.9, 3.9), (8, 8))
    assert area == 1 and rle_to_mask(rle)[3, 3]


def test_resize_shrinks_one_axis_and_grows_the_other():
    prob = np.tile(np.array([0, 1], np.float32), (2, 8))  # (2, 16), stripes
    resized = resize_map(prob, (4, 8))
    # Along the axis that shrinks, each pixel is the mean of a 0 and a 1.
    assert resized.shape == (4, 8)
    assert resized == pytest.approx(np.full((4, 8), .5))


def test_resize_refuses_no_pixels():
    with pytest.raises(ValueError, match='at least 1 px'):
        resize_map(np.ones((4, 4), np.float32), (0, 4))


def test_mask_score_by_hand():
    prob = np.array([[.9, .7, .2]])
    assert mask_score(prob, prob > .5) == pytest.approx(np.sqrt(.8))
    assert mask_score(prob, prob > .95) == 0


@pytest.mark.parametrize('rows, columns, expected', [
    pytest.param((0, 10), (0, 10), 1., id='all'),
    pytest.param((2, 8), (0, 10), .5, id='left and right'),
    pytest.param((0, 5), (3, 5), .25, id='top'),
    pytest.param((3, 5), (3, 5), 0., id='none'),
])
def test_sides_reached(rows, columns, expected):
    mask = np.zeros((10, 10), bool)
    mask[slice(*rows), slice(*columns)] = True
    assert sides_reached(mask, (100, 200), (100, 200, 110, 210)) == expected


@pytest.mark.parametrize('prob, bbox, message', [
    pytest.param(np.ones((2, 2, 2)), (0, 0, 2, 2), 'one map', id='three axes'),
    pytest.param(np.ones((0, 2)), (0, 0, 2, 2), 'one map', id='no pixel'),
    pytest.param(np.ones((2, 2)), (0, 0, np.nan, 2), 'finite', id='nan box'),
    pytest.param(np.ones((2, 2)), (9, 9, 12, 12), 'outside', id='box outside'),
])
def test_refuses_bad_input(prob, bbox, message):
    with pytest.raises(ValueError, match=message):
        probability_to_rle(prob, (0, 0, 2, 2), bbox, (8, 8))


@pytest.mark.parametrize('threshold', [-.1, 1, float('nan')])
def test_refuses_bad_threshold(threshold):
    with pytest.raises(ValueError, match='threshold'):
        MaskOptions(threshold=threshold)


def test_ellipse_prior_by_hand():
    prob = np.full((3, 3), .5, np.float32)
    # Box of 3 x 3 px: centre d = 0, edge centres (2/3)^2, corners twice that.
    moved = add_ellipse_prior(prob, (10, 20), (10, 20, 13, 23), 2.)
    odds = np.log(moved / (1 - moved))
    assert odds[1, 1] == pytest.approx(2., abs=1e-4)
    assert odds[0, 1] == pytest.approx(2 * (1 - 4 / 9), abs=1e-4)
    assert odds[0, 0] == pytest.approx(2 * (1 - 8 / 9), abs=1e-4)


def test_ellipse_prior_keeps_the_order_of_sure_pixels_and_stays_a_probability():
    prob = np.array([[0., 1.]], np.float32)
    moved = add_ellipse_prior(prob, (0, 0), (0, 0, 2, 1), 1.)
    assert 0 < moved[0, 0] < moved[0, 1] < 1


@pytest.mark.parametrize('side, changed', [(31, True), (32, False)])
def test_ellipse_prior_is_for_boxes_under_the_small_area(side, changed):
    prob = np.full((side, side), .55, np.float32)
    box = (0, 0, side, side)
    plain, prior = (
        probability_to_rle(prob, box, box, (64, 64),
                           MaskOptions(ellipse_prior=weight))[1]
        for weight in (0., 4.))
    assert plain == side**2
    assert (prior < plain) == changed


def test_negative_prior_is_refused():
    with pytest.raises(ValueError, match='ellipse_prior'):
        MaskOptions(ellipse_prior=-1.)
