"""Colours inside and outside a mask, by hand."""

import cv2
import numpy as np
import pytest

from mmdet_mal.best_of.colours import (colour_bins, colour_components,
                                       colour_likeness)

LEFT = np.zeros((40, 60), bool)
LEFT[:, :30] = True


def bins_of(*halves):
    image = np.zeros((40, 60, 3), np.uint8)
    image[:, :30], image[:, 30:] = halves
    return colour_bins(cv2.cvtColor(image, cv2.COLOR_BGR2Lab))


def test_a_plain_picture_has_one_bin_and_two_halves_have_two():
    assert len(np.unique(bins_of((9, 9, 9), (9, 9, 9)))) == 1
    assert len(np.unique(bins_of((0, 0, 200), (200, 0, 0)))) == 2


def test_a_mask_that_parts_the_colours_beats_one_that_does_not():
    bins = bins_of((0, 0, 200), (200, 0, 0))
    box = (10, 5, 50, 35)
    good = colour_components(LEFT, box, bins)
    upper = (np.arange(40) < 20)[:, None].repeat(60, axis=1)
    bad = colour_components(upper, box, bins)
    assert good['colour_gap'] > .7 > .2 > bad['colour_gap']
    assert good['colour_fit'] == 1 > bad['colour_fit']


def test_likeness_is_signed_and_0_without_a_difference():
    bins = bins_of((0, 0, 200), (200, 0, 0))
    found = colour_likeness(LEFT, ~LEFT, bins)
    assert (found[LEFT] > .9).all() and (found[~LEFT] < -.9).all()
    plain = colour_likeness(LEFT, ~LEFT, bins_of((9, 9, 9), (9, 9, 9)))
    assert plain == pytest.approx(np.zeros(plain.shape))
