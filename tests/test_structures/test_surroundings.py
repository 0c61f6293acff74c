"""A box with ground around it, within the image."""

import numpy as np
import pytest

from mmdet_mal.structures.surroundings import cut_surroundings

IMAGE = np.arange(60 * 80 * 3, dtype=np.uint8).reshape(60, 80, 3)


def test_the_margin_is_a_share_of_the_longer_side():
    found = cut_surroundings(IMAGE, np.array([20., 20., 40., 30.]), (60, 80), .5, 3,
                             'x')
    assert found.window.tolist() == [20, 20, 40, 30]
    assert found.box == (10, 10, 30, 20)
    assert np.array_equal(found.crop, IMAGE[10:40, 10:50])


def test_it_is_at_least_so_many_pixels_and_ends_at_the_border():
    found = cut_surroundings(IMAGE, np.array([1., 2., 5., 6.]), (60, 80), .1, 3, 'x')
    assert found.box == (1, 2, 5, 6)
    assert np.array_equal(found.crop, IMAGE[:9, :8])


@pytest.mark.parametrize('image', [None, IMAGE[:, :, 0], IMAGE[1:]])
def test_another_image_is_refused_by_name(image):
    with pytest.raises(ValueError, match='a baseline needs the image as uint8 BGR'):
        cut_surroundings(image, np.array([1., 2., 5., 6.]), (60, 80), .1, 3,
                         'a baseline')
