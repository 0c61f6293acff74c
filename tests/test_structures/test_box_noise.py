"""Boxes moved, scaled and rounded, by hand."""

import numpy as np
import pytest

from mmdet_mal.structures.box_noise import quantise, shift_and_scale

BOX = (10., 20., 30., 60.)  # 20 wide, 40 high


@pytest.mark.parametrize('shift, scale, expected', [
    ((0, 0), (1, 1), BOX),
    ((.1, -.25), (1, 1), (12, 10, 32, 50)),
    ((0, 0), (2, .5), (0, 30, 40, 50)),
    ((1, 0), (.5, 1), (35, 20, 45, 60))])
def test_shift_and_scale_by_hand(shift, scale, expected):
    assert shift_and_scale(BOX, shift, scale) == pytest.approx(expected)


def test_the_result_stays_in_the_image():
    assert shift_and_scale(BOX, (-1, 0), (1, 1), (50, 40)).tolist() == [0, 20, 10, 50]
    # Wholly outside: a pixel is left, or what there was of one.
    assert shift_and_scale(BOX, (3, 0), (1, 1), (50, 40)).tolist() == [39, 20, 40, 50]
    thin = shift_and_scale((5, 5, 5.5, 9), (-40, 0), (1, 1), (50, 40))
    assert thin[2] - thin[0] == pytest.approx(.5) and thin[0] == 0


@pytest.mark.parametrize('bbox, scale', [
    ((10, 10, 10, 20), (1, 1)), ((10, 10, float('nan'), 20), (1, 1)),
    (BOX, (0, 1)), (BOX, (1, float('nan')))])
def test_what_is_no_box_is_refused(bbox, scale):
    with pytest.raises(ValueError):
        shift_and_scale(bbox, (0, 0), scale)


LIMIT = (0., 0., 64., 64.)


@pytest.mark.parametrize('rounding, expected', [
    ('nearest', (8, 24, 32, 64)), ('outward', (8, 16, 32, 64))])
def test_edges_lie_on_the_grid(rounding, expected):
    assert quantise(BOX, (8, 8), LIMIT, rounding).tolist() == list(expected)


def test_a_step_of_0_leaves_an_axis():
    assert quantise(BOX, (8, 0), LIMIT).tolist() == [8, 20, 32, 60]


@pytest.mark.parametrize('bbox, expected', [
    ((17, 17, 18, 18), (16, 16, 24, 24)),  # both edges round to 16
    ((19.9, 0, 20, 64), (16, 0, 24, 64))])
def test_a_thin_box_keeps_a_cell(bbox, expected):
    assert quantise(bbox, (8, 8), LIMIT).tolist() == list(expected)


def test_the_border_cuts_and_what_lies_beyond_it_stays():
    assert quantise((55, 3, 60, 30), (16, 16), (0, 5, 60, 60)).tolist() == [
        48, 5, 60, 32]
    # A cell wholly beyond the border.
    assert quantise((1, 0, 6, 10), (16, 0), (16, 0, 60, 60)).tolist() == [1, 0, 6, 10]


def test_rounding_never_moves_an_edge_by_more_than_half_a_step():
    rng = np.random.default_rng(0)
    for _ in range(200):
        low = rng.uniform(0, 40, 2)
        box = [*low, *(low + rng.uniform(8, 20, 2))]
        moved = quantise(box, (8, 8), LIMIT) - box
        assert np.abs(moved).max() <= 4 + 1e-9
        outward = quantise(box, (8, 8), LIMIT, 'outward') - box
        assert (outward[:2] <= 0).all() and (outward[2:] >= 0).all()


@pytest.mark.parametrize('step, rounding', [((-1, 0), 'nearest'), ((1, 1), 'up')])
def test_wrong_arguments_are_refused(step, rounding):
    with pytest.raises(ValueError):
        quantise(BOX, step, LIMIT, rounding)
