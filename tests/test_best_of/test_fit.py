"""The fit of the scale: what it finds, and what the report says by hand."""

import json

import numpy as np
import pytest

from mmdet_mal.best_of.fit import (FEATURES, ScaleTable, choice_report,
                                   cross_validate, fit_scale, subsets)
from mmdet_mal.best_of.scorer import MaskScorer
from mmdet_mal.utils.errors import UserError


def table(count=300, noise=.02, seed=0):
    """IoU = box's own ease + .3 · the first component, with noise."""
    rng = np.random.default_rng(seed)
    values = rng.random((count, 3, len(FEATURES)))
    ease = rng.random((count, 1)) * .5
    ious = ease + .3 * values[..., 0] + rng.normal(0, noise, (count, 3))
    return ScaleTable(values, np.clip(ious, 0, 1), np.arange(count) // 4)


def test_the_component_that_decides_gets_the_weight():
    fitted = fit_scale([table()])
    assert np.argmax(np.abs(fitted.weights)) == 0 and fitted.weights[0] > 0
    assert np.abs(fitted.weights[1:]).max() < .2 * fitted.weights[0]


def test_how_easy_a_box_is_changes_nothing():
    one = table()
    harder = ScaleTable(one.components, one.ious * 1. - .05, one.images)
    assert np.allclose(fit_scale([one]).weights, fit_scale([harder]).weights)


def test_the_curve_ascends_strictly_so_that_no_candidates_tie():
    knots = fit_scale([table(noise=.3)]).knots
    assert (np.diff(knots[:, 1]) > 0).all()
    assert knots[0, 1] >= 0 and knots[-1, 1] <= 1


def test_the_file_gives_the_scores_of_the_fit():
    fitted = fit_scale([table()])
    read = MaskScorer(json.loads(json.dumps(dict(variant=fitted.to_json()))))
    values = table(seed=1).components.reshape(-1, len(FEATURES))
    assert np.array_equal(read.variant.predict(values), fitted.predict(values))


def test_cross_validation_goes_most_of_the_way_and_noise_goes_none():
    one = table()
    report = choice_report(cross_validate([one])[0], one.ious, 'abc')
    assert report['share'] > .8
    rng = np.random.default_rng(5)
    chance = ScaleTable(rng.random(one.components.shape), one.ious, one.images)
    report = choice_report(cross_validate([chance])[0], one.ious, 'abc')
    assert report['share'] < .25


def test_the_report_by_hand():
    ious = np.array([[.5, .7], [.9, .1], [.2, .6]])
    report = choice_report(np.array([[0, 1.], [0, 1.], [0, 1.]]), ious, 'ab')
    assert report['sources'] == dict(a=.5333, b=.4667)
    assert report['choice'] == .4667 and report['oracle'] == .7333
    assert report['share'] == pytest.approx((.4667 - .5333) / .2, abs=1e-3)
    assert report['kept'] == dict(a=0, b=3)
    same = choice_report(np.zeros((3, 2)), ious[:, [0, 0]], 'ab')
    assert same['share'] is None


def test_all_sets_of_two_or_more():
    assert subsets(3) == [(0, 1, 2), (0, 1), (0, 2), (1, 2)]


def test_too_few_boxes_are_refused():
    with pytest.raises(UserError, match='takes 100 boxes'):
        fit_scale([table(50)])
