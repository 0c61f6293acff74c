"""Changes of colour against the stock functions, bit for bit."""

import cv2
import mmcv
import numpy as np
import pytest

from mmdet_mal.structures.colour import (brightened, contrasted, greyed,
                                         hue_shifted, saturated)

FACTORS = (0., .2, .6, .6000001, .93, 1., 1.07, 1.4, 2.5)


def pictures():
    rng = np.random.default_rng(0)
    ramp = np.arange(256, dtype=np.uint8)
    return [
        pytest.param(rng.integers(0, 256, (37, 53, 3), np.uint8), id='noise'),
        # Every level in every channel.
        pytest.param(np.stack([ramp, ramp[::-1], np.roll(ramp, 99)], -1)[None],
                     id='all-levels'),
        pytest.param(np.zeros((5, 7, 3), np.uint8), id='black'),
        pytest.param(np.full((5, 7, 3), 255, np.uint8), id='white'),
        pytest.param(rng.integers(0, 256, (1, 1, 3), np.uint8), id='one-pixel'),
        pytest.param(cv2.GaussianBlur(
            rng.integers(0, 256, (64, 80, 3), np.uint8), (0, 0), 5), id='soft'),
        pytest.param(rng.integers(0, 256, (40, 30, 3), np.uint8)[::2, 1:29],
                     id='not-contiguous'),
    ]


@pytest.mark.parametrize('img', pictures())
@pytest.mark.parametrize('factor', FACTORS)
@pytest.mark.parametrize('ours, stock', [
    (brightened, mmcv.adjust_brightness), (contrasted, mmcv.adjust_contrast),
    (saturated, mmcv.adjust_color)])
def test_the_pixels_are_those_of_mmcv(img, factor, ours, stock):
    before = img.copy()
    result = ours(img, factor)
    expected = stock(img, factor, backend='cv2')
    assert result.dtype == np.uint8 and np.array_equal(result, expected)
    assert np.array_equal(img, before)


@pytest.mark.parametrize('img', pictures())
@pytest.mark.parametrize('weights', [
    (0.114, 0.587, 0.299), (1., 1., 1.), (0., 0., 1.)])
def test_grey_is_cut_off_at_the_same_numbers(img, weights):
    from mmcv.transforms import RandomGrayscale
    stock = RandomGrayscale(prob=1., keep_channels=True, channel_weights=weights)
    expected = stock(dict(img=img))['img']
    result = greyed(img, np.array(weights) / sum(weights))
    assert np.array_equal(result, expected)


def test_half_the_brightness_of_a_known_pixel():
    img = np.array([[[10, 101, 255]]], np.uint8)
    # Halves are cut off, as a cast to 8 bits does.
    assert brightened(img, .5).tolist() == [[[5, 50, 127]]]
    assert brightened(img, 2.).tolist() == [[[20, 202, 255]]]


@pytest.mark.parametrize('img', pictures())
@pytest.mark.parametrize('shift', [-.5, -.1, -.016, -.001, 0., .001, .1, .5])
def test_the_hue_is_that_of_mmcv(img, shift):
    """Whose whole number of levels is written out, as numpy 2 refuses below 0."""
    before = img.copy()
    hsv = cv2.cvtColor(np.ascontiguousarray(img), cv2.COLOR_BGR2HSV_FULL)
    hsv[..., 0] = (hsv[..., 0].astype(int) + int(shift * 255)) % 256
    expected = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR_FULL)
    if shift >= 0 or np.lib.NumpyVersion(np.__version__) < '2.0.0':
        np.testing.assert_array_equal(
            expected, mmcv.adjust_hue(img, shift, backend='cv2'))
    np.testing.assert_array_equal(hue_shifted(img, shift), expected)
    np.testing.assert_array_equal(img, before)
