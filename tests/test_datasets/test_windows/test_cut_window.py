"""Windows, cut but not resized: the same boxes, the pixels once."""

import numpy as np
import pytest

from mmdet_mal.datasets.transforms import CropBox, RandomCropFlip
from mmdet_mal.datasets.windows.cut_window import CutWindow, with_flip
from mmdet_mal.registry import TRANSFORMS


@pytest.fixture
def results():
    """A window of 20 x 10 px that sticks out by 10 px on the left."""
    img = np.arange(40 * 60 * 3, dtype=np.uint32) % 251
    return {'img': img.reshape(40, 60, 3).astype(np.uint8),
            'bbox': np.float32([0, 12, 8, 18]), 'label': 4,
            'crop_window': np.array([-10, 10, 10, 20])}


def test_by_hand(results):
    image = results['img'].copy()
    cut = TRANSFORMS.build(dict(type='mmdet_mal.CutWindow', size=(20, 40)))
    found = cut(results)
    window = found['window']
    assert np.array_equal(window.pixels, image[10:20, :10])
    # Shown, before, length, mirrored; for rows and for columns.
    assert window.axes.tolist() == [[10, 0, 10, 0], [10, 10, 20, 0]]
    assert window.axes.dtype == np.int64
    assert window.size == (20, 40) and window.padding == 'reflect'
    assert found['img'].shape == (20, 40, 0)


@pytest.mark.parametrize('overhang', ['ignored', 'used'])
def test_boxes_and_meta_data_are_those_of_crop_box(results, overhang):
    crop = CropBox((20, 40), overhang=overhang)(dict(results))
    cut = CutWindow((20, 40), overhang=overhang)(dict(results))
    for name in crop.keys() - {'img', 'gt_bboxes'}:
        assert np.array_equal(crop[name], cut[name]), name
    assert np.array_equal(crop['gt_bboxes'].tensor, cut['gt_bboxes'].tensor)


def test_the_pixels_are_a_copy(results):
    found = CutWindow((20, 40))(results)
    assert found['window'].pixels.base is None


def test_a_long_window_becomes_a_crop_at_once(results):
    results['crop_window'] = np.array([0, 0, 50, 10])
    crop = CropBox((16, 16))(dict(results))
    window = CutWindow((16, 16), max_shrink=3)(dict(results))['window']
    assert np.array_equal(window.pixels, crop['img'])
    assert window.axes.tolist() == [[16, 0, 16, 0], [16, 0, 16, 0]]
    window = CutWindow((16, 16), max_shrink=4)(dict(results))['window']
    assert window.pixels.shape == (10, 50, 3)


def test_what_is_wrapped_round_becomes_a_crop_at_once(results):
    crop = CropBox((20, 40), 'wrap')(dict(results))
    window = CutWindow((20, 40), 'wrap')(dict(results))['window']
    assert np.array_equal(window.pixels, crop['img'])


@pytest.mark.parametrize('direction, expected', [
    (None, [0, 0]), ('horizontal', [0, 1]), ('vertical', [1, 0]),
    ('diagonal', [1, 1])])
def test_flip(results, direction, expected):
    window = CutWindow((20, 40))(results)['window']
    assert with_flip(window, direction).axes[:, 3].tolist() == expected
    assert window.axes[:, 3].tolist() == [0, 0]


def test_the_stock_flip_sees_a_crop_of_the_size(results):
    found = RandomCropFlip(prob=1.0)(CutWindow((20, 40))(results))
    assert found['flip_direction'] == 'horizontal'
    assert found['gt_bboxes'].tensor.tolist() == [[4, 4, 20, 16]]
    assert found['valid_bbox'].tolist() == [0, 0, 20, 20]


def test_bad_arguments(results):
    with pytest.raises(ValueError, match='max_shrink'):
        CutWindow(max_shrink=0.5)
    with pytest.raises(ValueError, match="got 'mirror'"):
        CutWindow(padding='mirror')
    results['crop_window'] = np.array([100, 0, 120, 10])
    with pytest.raises(ValueError, match='shows nothing'):
        CutWindow((8, 8))(results)
    assert repr(CutWindow()).endswith("overhang='ignored', max_shrink=3.0)")
