"""Cropping and flipping, with the box and the valid rectangle."""

import numpy as np
import pytest
from mmdet.structures.bbox import HorizontalBoxes

from mmdet_mal.datasets.transforms import CropBox, RandomCropFlip
from mmdet_mal.registry import TRANSFORMS


@pytest.fixture
def results():
    """A window of 20 x 10 px that sticks out by 10 px on the left."""
    img = np.arange(40 * 60 * 3, dtype=np.uint32) % 251
    return {'img': img.reshape(40, 60, 3).astype(np.uint8),
            'bbox': np.float32([0, 12, 8, 18]), 'label': 4,
            'crop_window': np.array([-10, 10, 10, 20])}


def test_crop_box_by_hand(results):
    crop = TRANSFORMS.build({'type': 'mmdet_mal.CropBox', 'size': (20, 40)})
    found = crop(results)
    assert found['img'].shape == (20, 40, 3)
    assert found['img_shape'] == (20, 40) and found['ori_shape'] == (40, 60)
    assert isinstance(found['gt_bboxes'], HorizontalBoxes)
    assert found['gt_bboxes'].tensor.tolist() == [[20, 4, 36, 16]]
    assert found['gt_bboxes_labels'].tolist() == [4]
    assert found['gt_bboxes_labels'].dtype == np.int64
    assert found['gt_ignore_flags'].tolist() == [False]
    assert found['valid_bbox'].tolist() == [20, 0, 40, 20]
    assert found['valid_bbox'].dtype == np.float32
    assert found['crop_window'].tolist() == [-10, 10, 10, 20]


def test_zero_padding(results):
    found = CropBox(size=(10, 20), padding='zero')(results)
    assert (found['img'][:, :10] == 0).all()


def test_wrapped_padding_shows_the_opposite_side(results):
    image = results['img'].copy()
    found = CropBox(size=(10, 20), padding='wrap')(results)
    assert np.array_equal(found['img'][:, :10], image[10:20, -10:])
    assert np.array_equal(found['img'][:, 10:], image[10:20, :10])
    assert found['valid_bbox'].tolist() == [10, 0, 20, 10]


def test_overhang_that_is_used_counts_as_image(results):
    found = CropBox((20, 40), 'wrap', overhang='used')(results)
    assert found['valid_bbox'].tolist() == [0, 0, 40, 20]
    assert found['valid_bbox'].dtype == np.float32


def test_label_is_optional(results):
    del results['label']
    assert CropBox((8, 8))(results)['gt_bboxes_labels'].tolist() == [0]


def test_bad_arguments():
    with pytest.raises(ValueError, match='height, width'):
        CropBox(size=(512, ))
    with pytest.raises(ValueError, match="got 'mirror'"):
        CropBox(padding='mirror')
    with pytest.raises(ValueError, match="got 'kept'"):
        CropBox(overhang='kept')
    assert repr(CropBox()) == ("CropBox(size=(512, 512), padding='reflect', "
                               "overhang='ignored')")


def test_flip_takes_image_box_and_valid_rectangle_along(results):
    cropped = CropBox(size=(20, 40))(results)
    before = cropped['img'].copy()
    flip = TRANSFORMS.build({'type': 'mmdet_mal.RandomCropFlip', 'prob': 1.})
    found = flip(cropped)
    assert np.array_equal(found['img'], before[:, ::-1])
    assert found['gt_bboxes'].tensor.tolist() == [[4, 4, 20, 16]]
    assert found['valid_bbox'].tolist() == [0, 0, 20, 20]
    assert found['flip'] is True and found['flip_direction'] == 'horizontal'
    # Image coordinates stay.
    assert found['bbox'].tolist() == [0, 12, 8, 18]
    assert found['crop_window'].tolist() == [-10, 10, 10, 20]
    again = flip(found)
    assert np.array_equal(again['img'], before)
    assert again['valid_bbox'].tolist() == [20, 0, 40, 20]


def test_no_flip_changes_nothing(results):
    cropped = CropBox(size=(20, 40))(results)
    before = cropped['img'].copy()
    found = RandomCropFlip(prob=0.)(cropped)
    assert np.array_equal(found['img'], before)
    assert found['flip'] is False
    assert found['valid_bbox'].tolist() == [20, 0, 40, 20]


def test_half_of_the_crops_are_flipped_and_flip_works_without_valid_bbox():
    np.random.seed(0)
    flip = RandomCropFlip()
    count = sum(flip({'img': np.zeros((4, 4, 3), np.uint8)})['flip']
                for _ in range(400))
    assert 160 < count < 240
