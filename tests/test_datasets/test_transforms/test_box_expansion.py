"""How much of the surroundings a crop shows."""

import numpy as np
import pytest

from mmdet_mal.datasets.transforms import FixedBoxExpansion, RandomBoxExpansion
from mmdet_mal.registry import TRANSFORMS


def _rates(transform, count=2000):
    np.random.seed(0)
    return np.array([transform._draw_rates() for _ in range(count)])


def test_paper_rule_draws_beta_within_theta():
    left, top, right, bottom = _rates(RandomBoxExpansion(max_rate=1.2)).T
    for one, other in ((left, right), (top, bottom)):
        total = one + other  # theta ~ U[0, 1.2]
        assert one.min() >= 0 and other.min() >= 0 and total.max() <= 1.2
        assert abs(total.mean() - .6) < .02
        assert abs(total.std() - 1.2 / 12**.5) < .02
        assert abs((one / total).mean() - .5) < .02
    assert abs(np.corrcoef(left, top)[0, 1]) < .1  # axes drawn apart


def test_independent_rule_gates_opposite_sides():
    rates = _rates(RandomBoxExpansion(max_rate=1.2, rule='independent'))
    assert rates.min() >= 0 and rates.max() <= 1.2
    # E[g u] = .5 * .6, and the gates make opposite sides exclude each other.
    assert np.allclose(rates.mean(0), .3, atol=.02)
    assert np.corrcoef(rates[:, 0], rates[:, 2])[0, 1] < -.2
    assert np.corrcoef(rates[:, 1], rates[:, 3])[0, 1] < -.2


@pytest.mark.parametrize('rule', ['paper', 'independent'])
def test_window_holds_the_box(rule):
    np.random.seed(1)
    transform = TRANSFORMS.build(
        {'type': 'mmdet_mal.RandomBoxExpansion', 'rule': rule})
    box = np.float32([10.4, 20.5, 90.3, 60.7])
    for _ in range(100):
        window = transform({'bbox': box})['crop_window']
        assert (window[:2] <= box[:2]).all() and (window[2:] >= box[2:]).all()
        assert (window[2:] - window[:2] <= 1.6 * (box[2:] - box[:2]) + 2).all()


def test_rate_zero_is_the_box():
    box = np.array([10, 20, 90, 60])
    for transform in (RandomBoxExpansion(max_rate=0), FixedBoxExpansion(0)):
        assert transform({'bbox': box})['crop_window'].tolist() == box.tolist()


def test_fixed_expansion_by_hand():
    window = FixedBoxExpansion()({'bbox': np.array([0, 0, 20, 40])})
    assert window['crop_window'].tolist() == [-3, -6, 23, 46]


def test_bad_arguments():
    with pytest.raises(ValueError, match="got 'fixed'"):
        RandomBoxExpansion(rule='fixed')
    with pytest.raises(ValueError, match='max_rate must be >= 0'):
        RandomBoxExpansion(max_rate=-1)
    with pytest.raises(ValueError, match='rate must be >= 0'):
        FixedBoxExpansion(rate=-.1)


def test_repr_names_the_arguments():
    assert repr(RandomBoxExpansion(rule='paper')) == (
        "RandomBoxExpansion(max_rate=1.2, rule='paper')")
    assert repr(FixedBoxExpansion(.2)) == 'FixedBoxExpansion(rate=0.2)'
