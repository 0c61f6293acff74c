"""Windows around boxes, and crops of them."""

import numpy as np
import pytest

from mmdet_mal.structures.crop import (bbox_to_crop, clip_window,
                                       crop_and_resize, expand_bbox,
                                       window_size)


def _gradient(height=40, width=60):
    """An image whose pixel says where it is: (row, column, 0)."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows, columns, 0 * rows], -1).astype(np.uint8)


# ---------------------------------------------------------------- expand_bbox
@pytest.mark.parametrize('rates, window', [
    pytest.param((0, 0, 0, 0), (10, 20, 30, 60), id='rate_0_is_the_box'),
    pytest.param((.5, 0, 0, 0), (5, 20, 30, 60), id='left_half_of_half'),
    pytest.param((0, .5, 0, 0), (10, 10, 30, 60), id='top'),
    pytest.param((0, 0, .5, 0), (10, 20, 35, 60), id='right'),
    pytest.param((0, 0, 0, .5), (10, 20, 30, 70), id='bottom'),
    pytest.param((1.2, 1.2, 0, 0), (-2, -4, 30, 60), id='overhang'),
    pytest.param((.3, .3, .3, .3), (7, 14, 33, 66), id='labelling'),
    pytest.param((.31, 0, .31, 0), (6, 20, 34, 60), id='rounds_outwards'),
])
def test_expand_bbox_by_hand(rates, window):
    found = expand_bbox(np.float32([10, 20, 30, 60]), rates)
    assert found.dtype == np.int64
    assert found.tolist() == list(window)


def test_expand_bbox_keeps_within_image_when_asked():
    found = expand_bbox([10, 20, 30, 60], (1.2, 0, 1.2, 1), (65, 40))
    assert found.tolist() == [0, 20, 40, 65]


def test_expand_bbox_of_a_sliver_is_a_whole_pixel():
    found = expand_bbox([10, 20, 10.001, 20.001], (0, 0, 0, 0))
    assert found.tolist() == [10, 20, 11, 21]


def test_expand_bbox_is_at_most_1_6_boxes_wide_at_theta_1_2():
    box = np.array([100.25, 100.5, 350.75, 200.5])
    for beta in np.linspace(0, 1.2, 7):
        window = expand_bbox(box, (beta, beta, 1.2 - beta, 1.2 - beta))
        height, width = window_size(window)
        assert width - 2 < 1.6 * 250.5 <= width
        assert height - 2 < 1.6 * 100 <= height


@pytest.mark.parametrize('bbox', [
    pytest.param([np.nan, 0, 1, 1], id='nan'),
    pytest.param([0, 0, np.inf, 1], id='inf'),
    pytest.param([5, 0, 4, 1], id='reversed'),
    pytest.param([5, 0, 5, 1], id='zero'),
])
def test_expand_bbox_refuses_bad_boxes(bbox):
    with pytest.raises(ValueError, match='positive size'):
        expand_bbox(bbox, (0, 0, 0, 0))


@pytest.mark.parametrize('rate', [-.1, np.nan])
def test_expand_bbox_refuses_bad_rates(rate):
    with pytest.raises(ValueError, match='rates must be >= 0'):
        expand_bbox([0, 0, 4, 4], (0, rate, 0, 0))


def test_clip_window_refuses_windows_outside():
    assert clip_window([-5, 2, 70, 90], (40, 60)).tolist() == [0, 2, 60, 40]
    for window in ([60, 0, 70, 10], [-9, 0, 0, 10], [0, 40, 9, 50]):
        with pytest.raises(ValueError, match='60 wide and 40 high'):
            clip_window(window, (40, 60))


# --------------------------------------------------------------- bbox_to_crop
def test_bbox_to_crop_by_hand():
    window = np.array([10, 20, 30, 60])  # 20 wide, 40 high
    found = bbox_to_crop(np.array([15., 30., 30., 60.]), window, (80, 100))
    assert found.dtype == np.float32
    assert found.tolist() == [25, 20, 100, 80]


def test_bbox_to_crop_takes_many_boxes():
    boxes = np.array([[10, 20, 30, 60], [0, 0, 10, 20]])
    found = bbox_to_crop(boxes, np.array([10, 20, 30, 60]), (40, 20))
    assert found.tolist() == [[0, 0, 20, 40], [-10, -20, 0, 0]]


# ------------------------------------------------------------ crop_and_resize
def test_crop_of_its_own_size_is_the_slice():
    img = _gradient()
    crop, valid = crop_and_resize(img, np.array([5, 10, 25, 30]), (20, 20))
    assert np.array_equal(crop, img[10:30, 5:25])
    assert valid.tolist() == [0, 0, 20, 20]


def test_crop_never_aliases_the_image():
    img = _gradient()
    for size in [(20, 20), (10, 40), (40, 60)]:
        for window in ([5, 10, 25, 30], [0, 0, 60, 40]):
            crop, _ = crop_and_resize(img, np.array(window), size)
            assert not np.shares_memory(crop, img)
            assert crop.flags.writeable and crop.flags.c_contiguous


def test_crop_reads_a_read_only_image():
    img = _gradient()
    img.flags.writeable = False
    crop, _ = crop_and_resize(img, np.array([-5, 0, 60, 45]), (32, 32))
    assert crop.shape == (32, 32, 3)


def test_reflection_mirrors_at_the_border_of_the_image():
    img = _gradient()
    crop, valid = crop_and_resize(img, np.array([-3, 0, 7, 10]), (10, 10))
    assert crop[0, :, 1].tolist() == [3, 2, 1, 0, 1, 2, 3, 4, 5, 6]
    assert valid.tolist() == [3, 0, 10, 10]


def test_zero_padding_is_black():
    img = np.full((40, 60, 3), 9, np.uint8)
    crop, valid = crop_and_resize(
        img, np.array([50, 35, 70, 45]), (10, 20), padding='zero')
    assert valid.tolist() == [0, 0, 10, 5]
    assert (crop[:5, :10] == 9).all()
    assert (crop[5:] == 0).all() and (crop[:, 10:] == 0).all()


@pytest.mark.parametrize('shape', [(1, 1), (1, 9), (9, 1), (2, 3)])
@pytest.mark.parametrize('padding', ['reflect', 'zero'])
def test_overhang_wider_than_the_image_does_not_crash(shape, padding):
    img = np.full((*shape, 3), 77, np.uint8)
    crop, valid = crop_and_resize(
        img, np.array([-40, -30, 50, 60]), (18, 18), padding)
    assert crop.shape == (18, 18, 3)
    if padding == 'reflect':
        assert (crop == 77).all()
    np.testing.assert_allclose(
        valid, [8, 6, 8 + shape[1] / 5, 6 + shape[0] / 5], rtol=1e-6)


def test_shrinking_averages_and_long_thin_windows_do_not_alias():
    # Columns of 0 and 255 by turns: sampling would give either, the mean 127.
    img = np.zeros((8, 64, 3), np.uint8)
    img[:, ::2] = 255
    crop, _ = crop_and_resize(img, np.array([0, 0, 64, 8]), (16, 16))
    assert abs(crop.astype(int) - 127.5).max() <= 1


def test_enlarging_interpolates_linearly():
    img = np.zeros((4, 2, 3), np.uint8)
    img[:, 1] = 100
    crop, _ = crop_and_resize(img, np.array([0, 0, 2, 4]), (4, 4))
    assert crop[0, :, 0].tolist() == [0, 25, 75, 100]


def test_grey_images_stay_grey():
    crop, _ = crop_and_resize(
        np.zeros((10, 10), np.uint8), np.array([-2, 0, 8, 8]), (6, 5))
    assert crop.shape == (6, 5)


def test_bad_padding_and_windows_outside_are_refused():
    img = _gradient()
    with pytest.raises(ValueError, match="got 'mirror'"):
        crop_and_resize(img, np.array([0, 0, 9, 9]), (8, 8), padding='mirror')
    with pytest.raises(ValueError, match='shows nothing'):
        crop_and_resize(img, np.array([60, 0, 80, 9]), (8, 8))


@pytest.mark.parametrize('seed', range(5))
def test_valid_bbox_is_where_the_image_is(seed):
    rng = np.random.default_rng(seed)
    img = np.full((40, 60, 3), 200, np.uint8)
    x0, y0 = rng.integers(-30, 50), rng.integers(-30, 30)
    window = np.array([x0, y0, x0 + rng.integers(35, 80),
                       y0 + rng.integers(35, 80)])
    height, width = window_size(window)
    crop, valid = crop_and_resize(img, window, (height, width), 'zero')
    left, top, right, bottom = valid.astype(int)
    mask = np.zeros((height, width), bool)
    mask[top:bottom, left:right] = True
    assert np.array_equal(crop[..., 0] == 200, mask)


@pytest.mark.parametrize('window', [
    (-2, -3, 3, 2), (4, 3, 9, 8), (-1, 1, 6, 3), (-13, -9, 14, 11),
    (0, 0, 6, 5)], ids=['top left', 'bottom right', 'both sides',
                        'more than once round', 'whole image'])
def test_wrapped_padding_tiles_the_plane_with_the_image(window):
    img = np.arange(5 * 6 * 3, dtype=np.uint8).reshape(5, 6, 3)
    x0, y0, x1, y1 = window
    size = (y1 - y0, x1 - x0)
    crop, valid = crop_and_resize(img, np.array(window), size, padding='wrap')
    expected = img[np.arange(y0, y1) % 5][:, np.arange(x0, x1) % 6]
    assert np.array_equal(crop, expected)
    inside = [max(x0, 0), max(y0, 0), min(x1, 6), min(y1, 5)]
    assert valid.tolist() == [v - o for v, o in
                              zip(inside, (x0, y0) * 2, strict=True)]


def test_wrapped_padding_without_overhang_is_a_plain_crop():
    img = np.arange(9 * 9 * 3, dtype=np.uint8).reshape(9, 9, 3)
    wrapped, reflected = (
        crop_and_resize(img, np.array([2, 1, 8, 7]), (8, 8), padding=padding)[0]
        for padding in ('wrap', 'reflect'))
    assert np.array_equal(wrapped, reflected)
