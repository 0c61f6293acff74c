"""Crops made in batches, beside those of OpenCV."""

import cv2
import numpy as np
import pytest
import torch

from mmdet_mal.datasets.windows.cut_window import CutWindow, with_flip
from mmdet_mal.models.data_preprocessors.resample import axis_taps, cut_crops
from mmdet_mal.structures.crop import crop_and_resize


def one_axis(shown, before, length, size, padding='reflect', flipped=0, taps=8):
    """The matrix (size, shown) that a row of taps stands for."""
    index, weight = axis_taps(
        torch.tensor([[shown, before, length, flipped]]), size, padding, taps)
    assert index.min() >= 0 and index.max() < shown
    matrix = torch.zeros(size, shown)
    return matrix.scatter_add_(1, index[0], weight[0])


def test_an_axis_that_shrinks_is_averaged():
    assert torch.allclose(one_axis(6, 0, 6, 4), torch.tensor(
        [[2 / 3, 1 / 3, 0, 0, 0, 0], [0, 1 / 3, 2 / 3, 0, 0, 0],
         [0, 0, 0, 2 / 3, 1 / 3, 0], [0, 0, 0, 0, 1 / 3, 2 / 3]]))


def test_an_axis_that_grows_is_interpolated():
    assert torch.allclose(one_axis(2, 0, 2, 4), torch.tensor(
        [[1, 0], [.75, .25], [.25, .75], [0, 1.]]))


def test_an_axis_that_stays_is_copied_or_mirrored():
    assert torch.equal(one_axis(5, 0, 5, 5), torch.eye(5))
    assert torch.equal(one_axis(5, 0, 5, 5, flipped=1), torch.eye(5).flip(0))


@pytest.mark.parametrize('shown, before, length', [
    (3, 7, 15), (1, 4, 6), (2, 5, 9), (4, 0, 11)])
def test_reflection_goes_to_and_fro_as_opencv_does(shown, before, length):
    pixels = np.arange(1, shown + 1, dtype=np.uint8)[None]
    expected = cv2.copyMakeBorder(pixels, 0, 0, before, length - shown - before,
                                  cv2.BORDER_REFLECT_101)[0]
    found = one_axis(shown, before, length, length) @ torch.arange(
        1., shown + 1)
    assert found.tolist() == expected.tolist()


def test_zero_padding_has_no_weight():
    matrix = one_axis(2, 1, 4, 4, 'zero')
    assert matrix.tolist() == [[0, 0], [1, 0], [0, 1], [0, 0]]


def windows(photograph, size, padding, count=12):
    """Windows of all kinds: thin, long, small, over the border; half mirrored."""
    rng = np.random.default_rng(1)
    height, width = photograph.shape[:2]
    cut = CutWindow(size, padding)
    for i in range(count):
        w, h = (int(v) for v in rng.integers(5, (width, height)))
        x, y = (int(v) for v in rng.integers(-w // 3, (width - w // 2,
                                                       height - h // 2)))
        window = np.array([x, y, x + w, y + h])
        expected, _ = crop_and_resize(photograph, window, size, padding)
        found = cut(dict(img=photograph, crop_window=window,
                         bbox=np.float32([0, 0, 5, 5])))['window']
        if i % 2:
            expected = expected[:, ::-1]
            found = with_flip(found, 'horizontal')
        yield found, expected


def as_batch(found):
    """Tensors of windows, padded to the largest."""
    axes = torch.from_numpy(np.stack([w.axes for w in found]))
    height, width = (axes[:, i, 0].max() for i in (0, 1))
    pixels = torch.zeros((len(found), height, width, 3), dtype=torch.uint8)
    for row, window in zip(pixels, found, strict=True):
        h, w = window.pixels.shape[:2]
        row[:h, :w] = torch.from_numpy(window.pixels)
    return pixels, axes


@pytest.mark.parametrize('padding', ['reflect', 'zero', 'wrap'])
def test_crops_of_a_photograph_are_opencvs_but_for_rounding(
        coco_mini_root, padding):
    """Bounds: 1 grey level anywhere, a quarter in the mean."""
    path = sorted((coco_mini_root / 'images').glob('*.jpg'))[3]
    photograph = cv2.imread(str(path))
    size = (96, 128)
    found, expected = zip(*windows(photograph, size, padding), strict=True)
    pixels, axes = as_batch(found)
    crops = cut_crops(pixels, axes, size, found[0].padding, (9, 9))
    assert crops.shape == (12, 3, *size) and crops.dtype == torch.float32
    assert torch.equal(crops, crops.round())
    for crop, plain in zip(crops, expected, strict=True):
        gap = np.abs(crop.permute(1, 2, 0).numpy() - plain.astype(float))
        assert gap.max() <= 1 and gap.mean() <= .25


def test_a_crop_does_not_depend_on_its_neighbours():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (200, 300, 3), np.uint8)
    size = (64, 64)
    found = [w for w, _ in windows(image, size, 'reflect', count=6)]
    together = cut_crops(*as_batch(found), size, 'reflect', (6, 7))
    for i, window in enumerate(found):
        alone = cut_crops(*as_batch([window]), size, 'reflect', (5, 6))
        assert torch.equal(together[i:i + 1], alone)


def test_autocast_changes_nothing():
    """The preprocessor runs within a training step's autocast."""
    image = np.random.default_rng(0).integers(0, 256, (50, 60, 3), np.uint8)
    batch = as_batch([w for w, _ in windows(image, (32, 32), 'reflect', 3)])
    plain = cut_crops(*batch, (32, 32), 'reflect', (4, 4))
    with torch.autocast('cpu', torch.bfloat16):
        assert torch.equal(
            plain, cut_crops(*batch, (32, 32), 'reflect', (4, 4)))
