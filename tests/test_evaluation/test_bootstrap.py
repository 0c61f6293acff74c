import numpy as np
import pytest

from mmdet_mal.evaluation.bootstrap import bootstrap_interval, paired_interval


def test_covers_the_true_mean_as_often_as_it_says():
    """Boxes of an image share an offset, as those of real images do."""
    rng = np.random.default_rng(1)
    hits = 0
    for seed in range(200):
        offsets = np.repeat(rng.normal(0, 1, 40), 5)
        values = offsets + rng.normal(0, .1, 200)
        low, high = bootstrap_interval(values, np.repeat(np.arange(40), 5),
                                       samples=300, seed=seed)
        hits += low <= 0 <= high
    assert .87 <= hits / 200 <= .99


def test_whole_images_are_drawn_not_boxes():
    values = np.repeat([0., 1.], 500)
    wide = bootstrap_interval(values, np.repeat([0, 1], 500))
    narrow = bootstrap_interval(values, np.arange(1000))
    assert wide == (0, 1)
    assert .45 < narrow[0] < narrow[1] < .55


def test_images_count_by_their_boxes():
    """The mean is over boxes: an image of nine weighs nine times as much."""
    low, high = bootstrap_interval(np.array([0.] * 9 + [1.]),
                                   np.array([1] * 9 + [2]), level=.01)
    assert low == high == pytest.approx(.1)


def test_is_the_same_each_time_and_for_any_order_of_boxes():
    rng = np.random.default_rng(0)
    values, groups = rng.random(50), rng.integers(0, 9, 50)
    order = rng.permutation(50)
    assert bootstrap_interval(values, groups) == pytest.approx(
        bootstrap_interval(values[order], groups[order]))


def test_without_values_it_is_nan():
    assert np.isnan(bootstrap_interval(np.zeros(0), np.zeros(0))).all()


def test_pairs_see_a_difference_that_single_intervals_hide():
    rng = np.random.default_rng(0)
    base = rng.random(200)
    better, groups = base + .02, np.arange(200) // 4
    low, high = paired_interval(better, base, groups)
    assert low == pytest.approx(.02) and high == pytest.approx(.02)
    alone = bootstrap_interval(better, groups)
    assert alone[1] - alone[0] > .05
