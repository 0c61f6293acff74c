"""Points of the curve, by hand."""

import math

import numpy as np
import pytest

from mmdet_mal.robustness.curve import curve_rows, points_of


def columns(*ious):
    return dict(ious=np.array(ious), box_areas=np.array([100., 2000., 20000.]),
                image_ids=np.array([1, 1, 2]), ann_ids=np.arange(3))


BASE = {0.: columns(.8, .6, .7), .1: columns(.6, .4, .5)}
BETTER = {0.: columns(.8, .6, .7), .1: columns(.7, .5, .6)}


def test_points_by_hand():
    points = points_of(BASE)
    assert points[0.].miou == pytest.approx(.7) and points[0.].kept == 1
    assert points[.1].kept == pytest.approx(.5 / .7) and points[.1].boxes == 3
    assert points[.1].low <= .5 <= points[.1].high
    assert math.isnan(points[.1].gain)
    assert points_of(BASE, 'medium')[.1].miou == pytest.approx(.4)


def test_gains_are_paired_by_box():
    point = points_of(BETTER, base=BASE)[.1]
    assert point.gain == pytest.approx(.1)
    assert point.gain_low == pytest.approx(.1) == point.gain_high


def test_sizes_without_boxes_and_curves_without_level_0():
    only = {.1: dict(columns(.1, .2, .3), box_areas=np.full(3, 50.))}
    point = points_of(only)[.1]
    assert math.isnan(point.kept)
    empty = points_of(only, 'large')[.1]
    assert empty.boxes == 0 and empty.to_json()['miou'] is None


def test_rows():
    curves = {'a': points_of(BASE), 'b': points_of(BETTER, base=BASE)}
    rows = curve_rows(curves, [0., .1, .2])
    assert rows[0] == ['boxes off by', '0 %', '10 %', '20 %']
    assert rows[1][1].startswith('0.700 [') and rows[1][3] == 'to do'
    assert [row[0] for row in curve_rows(curves, [0., .1], 'gain')] == [
        'boxes off by', 'b']
    assert curve_rows(curves, [.1], 'kept')[1] == ['a', '0.714']
