"""Colours changed in batches, beside mmcv, OpenCV and Pillow."""

import cv2
import mmcv
import numpy as np
import pytest
import torch
from mmcv.transforms import RandomGrayscale
from PIL import Image, ImageFilter

from mmdet_mal.datasets.windows.colour_draw import box_radius
from mmdet_mal.datasets.windows.draw_colour import LUMA, _hue_shift
from mmdet_mal.models.data_preprocessors import colour

GREY = RandomGrayscale(prob=1., keep_channels=True, channel_weights=LUMA)


@pytest.fixture(scope='module')
def photographs(coco_mini_root):
    """Twelve photographs at 128 px, (12, 128, 128, 3), BGR."""
    paths = sorted((coco_mini_root / 'images').glob('*.jpg'))[::15][:12]
    return np.stack([cv2.resize(cv2.imread(str(path)), (128, 128),
                                interpolation=cv2.INTER_AREA) for path in paths])


def as_crops(images):
    return torch.from_numpy(images).permute(0, 3, 1, 2).float()


def gaps(found, expected):
    """Absolute differences in grey levels."""
    assert torch.equal(found, found.round())
    assert found.min() >= 0 and found.max() <= 255
    return (found - as_crops(np.stack(expected))).abs()


# Change, its range, the CPU's, the largest gap anywhere, in the mean of all.
@pytest.mark.parametrize('change, low, high, plain, most, mean', [
    ('brightness', .6, 1.4,
     lambda img, v: mmcv.adjust_brightness(img, v, backend='cv2'), 1, .01),
    ('contrast', .6, 1.4,
     lambda img, v: mmcv.adjust_contrast(img, v, backend='cv2'), 1, .01),
    ('saturation', .8, 1.2,
     lambda img, v: mmcv.adjust_color(img, v, backend='cv2'), 1, .01),
    ('hue', -.1, .1, lambda img, v: mmcv.adjust_hue(img, v, backend='cv2'), 12,
     .3),
    ('grey', 0, 0, lambda img, _: GREY(dict(img=img.copy()))['img'], 0, 0)])
def test_a_change_is_that_of_the_cpu_pipeline(photographs, change, low, high,
                                              plain, most, mean):
    drawn = np.random.default_rng(0).uniform(low, high, len(photographs))
    expected = [plain(img, v) for img, v in zip(photographs, drawn, strict=True)]
    values = [_hue_shift(v) for v in drawn] if change == 'hue' else drawn
    found = colour.CHANGES[change](
        as_crops(photographs), torch.tensor(values, dtype=torch.float32))
    gap = gaps(found, expected)
    assert gap.max() <= most and gap.mean() <= mean


def test_blur_is_pillows(photographs):
    """Bounds: 2 grey levels anywhere, a tenth in the mean of each."""
    sigmas = np.random.default_rng(0).uniform(.1, 2., len(photographs))
    expected = [np.array(Image.fromarray(img).filter(
                    ImageFilter.GaussianBlur(float(s))))
                for img, s in zip(photographs, sigmas, strict=True)]
    radii = torch.tensor([box_radius(s) for s in sigmas])
    found = colour.gaussian_blur(as_crops(photographs), radii.float(), 2)
    gap = gaps(found, expected)
    assert gap.max() <= 2 and gap.mean((1, 2, 3)).max() <= .1


def test_a_wider_reach_changes_nothing():
    crops = torch.randint(0, 256, (2, 3, 20, 30)).float()
    radii = torch.tensor([.3, .9])
    assert torch.equal(colour.gaussian_blur(crops, radii, 1),
                       colour.gaussian_blur(crops, radii, 4))


@pytest.mark.parametrize('change', sorted(colour.CHANGES))
def test_each_crop_has_its_own_value(change):
    """To the last bit what it is alone, whatever the neighbours get."""
    generator = torch.Generator().manual_seed(0)
    crops = torch.randint(0, 256, (3, 3, 17, 19), generator=generator).float()
    values = torch.tensor([.7, 1.1, 1.3])
    if change == 'hue':
        values = torch.tensor([3., 250., 20.])
    before = crops.clone()
    together = colour.CHANGES[change](crops, values)
    assert torch.equal(crops, before)
    for i in range(3):
        alone = colour.CHANGES[change](crops[i:i + 1], values[i:i + 1])
        assert torch.equal(together[i:i + 1], alone)


def test_no_change_of_brightness_contrast_saturation_and_hue():
    crops = torch.randint(0, 256, (2, 3, 9, 9)).float()
    for change, none in (('brightness', 1.), ('contrast', 1.),
                         ('saturation', 1.)):
        assert torch.equal(
            colour.CHANGES[change](crops, torch.full((2, ), none)), crops)
    # 8-bit hue and saturation on the way, as in OpenCV.
    found = colour.hue(crops, torch.zeros(2))
    assert (found - crops).abs().max() <= 8


def test_black_white_and_grey_keep_their_colour():
    crops = torch.tensor([0., 128., 255.]).expand(1, 3, 3).reshape(1, 3, 1, 3)
    for change in ('saturation', 'hue'):
        found = colour.CHANGES[change](crops, torch.tensor([1.2]))
        assert torch.equal(found, crops)
