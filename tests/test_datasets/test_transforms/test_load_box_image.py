"""The loader of images of boxes."""

import cv2
import numpy as np
import pytest

from mmdet_mal.datasets import AnnotationError
from mmdet_mal.datasets.transforms import LoadBoxImage
from mmdet_mal.registry import TRANSFORMS


@pytest.fixture
def results(tmp_path):
    img = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    path = str(tmp_path / 'a.png')
    cv2.imwrite(path, img)
    return {'img_path': path, 'ann_id': 12, 'height': 30, 'width': 40,
            'expected': img}


def test_loads_bgr(results):
    load = TRANSFORMS.build({'type': 'mmdet_mal.LoadBoxImage'})
    found = load(results)
    assert np.array_equal(found['img'], found['expected'])
    assert found['img_shape'] == found['ori_shape'] == (30, 40)


def test_a_cached_image_is_taken_as_it_is(results):
    img = np.zeros((30, 40, 3), np.uint8)
    found = LoadBoxImage()({**results, 'img': img, 'img_path': 'nowhere'})
    assert found['img'] is img and found['ori_shape'] == (30, 40)


def test_another_size_than_stated(results):
    with pytest.raises(AnnotationError, match='annotation 12'):
        LoadBoxImage()({**results, 'width': 41})


def test_absent_image(results):
    with pytest.raises(AnnotationError,
                       match='gone.png: image not found .*annotation 12'):
        LoadBoxImage()({**results, 'img_path': 'gone.png'})


def test_height_and_width_are_optional(results):
    found = LoadBoxImage()({'img_path': results['img_path']})
    assert found['img'].shape == (30, 40, 3)
