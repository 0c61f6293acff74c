"""The human mask goes through the crop and the flip as the image does."""

import numpy as np
import pytest

from mmdet_mal.datasets.transforms import (CropBox, CropHumanMask,
                                           RandomCropFlip)
from mmdet_mal.structures.rle import encode_window


@pytest.fixture
def results():
    """An image whose bright pixels are the mask; a window over its left edge."""
    mask = np.zeros((40, 60), bool)
    mask[12:18, 0:8] = True
    img = np.repeat(np.where(mask, 255, 0)[..., None], 3, -1).astype(np.uint8)
    return dict(img=img, bbox=np.float32([0, 12, 8, 18]),
                crop_window=np.array([-10, 10, 10, 20]),
                mask_rle=encode_window(mask, (0, 0, 60, 40), (40, 60)))


@pytest.mark.parametrize('size', [(20, 40), (10, 20), (7, 11)])
def test_mask_lies_where_the_image_shows_it(results, size):
    found = CropHumanMask()(CropBox(size, padding='zero')(results))
    assert found['gt_masks'].masks.shape == (1, *size)
    # 127.5 would be a draw between the image's rounding and the mask's.
    assert np.array_equal(found['gt_masks'].masks[0] > 0,
                          found['img'][..., 0] > 127)


def test_nothing_beyond_the_image_is_object(results):
    found = CropHumanMask()(CropBox((10, 20), padding='reflect')(results))
    assert found['gt_masks'].masks[0][:, :10].sum() == 0
    assert found['gt_masks'].masks[0].sum() == 6 * 8


def test_the_flip_takes_the_mask_along(results):
    found = CropHumanMask()(CropBox((10, 20), padding='zero')(results))
    found = RandomCropFlip(prob=1.0)(found)
    assert np.array_equal(found['gt_masks'].masks[0] > 0,
                          found['img'][..., 0] > 127)
    assert found['gt_masks'].masks[0][2:8, 2:10].all()
