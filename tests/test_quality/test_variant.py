"""One regression: line, curve and what it refuses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdet_mal.quality.variant import QualityVariant

CONTENT = dict(
    features=['a', 'b'], means=[.5, .5], scales=[.25, .5], weights=[.1, -.2],
    bias=.6, lows=[0., 0.], highs=[1., .75],
    knots=[[0., 0.], [.5, .4], [1., 1.]])


def test_prediction_by_hand():
    variant = QualityVariant.from_json(CONTENT)
    # (.75 - .5) / .25 * .1 - (.25 - .5) / .5 * .2 + .6 = .8
    assert variant.line([[.75, .25]]) == pytest.approx([.8])
    # Between the knots (.5, .4) and (1, 1).
    assert variant.predict([[.75, .25]]) == pytest.approx([.76])


def test_features_beyond_what_was_seen_change_nothing_more():
    variant = QualityVariant.from_json(CONTENT)
    assert variant.line([[9., 9.]]) == variant.line([[1., .75]])


def test_json_round_trip_is_exact():
    variant = QualityVariant.from_json(CONTENT)
    again = QualityVariant.from_json(variant.to_json())
    values = np.random.default_rng(0).random((50, 2))
    assert (variant.predict(values) == again.predict(values)).all()
    assert variant.to_json() == CONTENT


def test_a_prediction_does_not_depend_on_the_others():
    variant = QualityVariant.from_json(CONTENT)
    values = np.random.default_rng(1).random((37, 2))
    alone = [variant.predict([row])[0] for row in values]
    assert alone == variant.predict(values).tolist()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=2))
def test_prediction_lies_between_0_and_1(row):
    assert 0 <= QualityVariant.from_json(CONTENT).predict([row])[0] <= 1


@pytest.mark.parametrize('change, words', [
    pytest.param(dict(features=[]), 'names', id='no feature'),
    pytest.param(dict(features=[1, 2]), 'names', id='numbers as names'),
    pytest.param(dict(means=[.5]), 'means', id='too few means'),
    pytest.param(dict(weights=[.1, float('nan')]), 'weights', id='nan'),
    pytest.param(dict(scales=[.1, 0.]), 'positive', id='scale of zero'),
    pytest.param(dict(lows=[2., 0.]), 'above', id='bounds reversed'),
    pytest.param(dict(bias='x'), 'could not convert', id='text'),
    pytest.param(dict(knots=[[0., 0.]]), 'two or more', id='one knot'),
    pytest.param(dict(knots=[[0., .5], [1., .4]]), 'ascend', id='falling'),
    pytest.param(dict(knots=[[0., 0.], [0., 1.]]), 'ascend', id='two at once'),
    pytest.param(dict(knots=[[0., 0.], [1., 1.1]]), 'ascend', id='beyond 1')])
def test_refuses_what_makes_no_sense(change, words):
    with pytest.raises(ValueError, match=words):
        QualityVariant.from_json({**CONTENT, **change})


def test_refuses_a_missing_key():
    with pytest.raises(ValueError, match='bias'):
        QualityVariant.from_json({k: v for k, v in CONTENT.items() if k != 'bias'})
