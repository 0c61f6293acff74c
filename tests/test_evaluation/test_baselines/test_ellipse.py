import numpy as np
import pytest

from mmdet_mal.evaluation.baselines import ellipse_mask


def test_ellipse_of_four_by_four_px_by_hand():
    mask, window = ellipse_mask(None, np.array([3., 2., 7., 6.]), (20, 30))
    assert window.tolist() == [3, 2, 7, 6]
    # Centres lie at .5 and 1.5 px from the middle; only the four corners
    # (1.5² + 1.5² = 4.5 > 2²) are outside.
    assert mask.astype(int).tolist() == [[0, 1, 1, 0], [1, 1, 1, 1],
                                         [1, 1, 1, 1], [0, 1, 1, 0]]


def test_area_is_that_of_the_ellipse():
    mask, _ = ellipse_mask(None, np.array([10., 20., 210., 120.]), (200, 300))
    assert mask.sum() == pytest.approx(np.pi * 100 * 50, rel=.005)
    assert np.array_equal(mask, mask[::-1]) and np.array_equal(mask, mask[:, ::-1])


def test_a_box_that_overhangs_keeps_its_ellipse():
    whole, _ = ellipse_mask(None, np.array([10., 10., 30., 30.]), (50, 50))
    part, window = ellipse_mask(None, np.array([-10., 0., 10., 20.]), (50, 50))
    assert window.tolist() == [0, 0, 10, 20]
    assert np.array_equal(part, whole[:, 10:])


@pytest.mark.parametrize('bbox', [[5.1, 5.1, 5.4, 5.4], [5.9, 5.9, 6.1, 6.1],
                                  [0., 7.2, 30., 7.3]])
def test_the_mask_is_never_empty(bbox):
    mask, _ = ellipse_mask(None, np.array(bbox), (20, 30))
    assert mask.any()
