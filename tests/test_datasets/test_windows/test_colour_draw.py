"""The box blurs that stand for a Gaussian."""

import math

import pytest

from mmdet_mal.datasets.windows.colour_draw import BLUR_PASSES, box_radius


@pytest.mark.parametrize('sigma', [0.0, 0.1, 0.5, 1.0, 1.5, 2.0, 7.3])
def test_the_boxes_have_the_variance_of_the_gaussian(sigma):
    radius = box_radius(sigma)
    whole, part = math.floor(radius), radius % 1
    weights = {0: 1.0}
    for i in range(1, whole + 1):
        weights[i] = weights[-i] = 1.0
    weights[whole + 1] = weights[-whole - 1] = part
    variance = sum(w * i * i for i, w in weights.items()) / sum(weights.values())
    assert BLUR_PASSES * variance == pytest.approx(sigma**2, abs=1e-9)


def test_one_pass_of_variance_two_thirds_is_three_equal_taps():
    assert box_radius(math.sqrt(2 / 3), passes=1) == pytest.approx(1.0)


@pytest.mark.parametrize('sigma', [-0.1, math.nan, math.inf])
def test_no_sigma(sigma):
    with pytest.raises(ValueError, match='sigma'):
        box_radius(sigma)
