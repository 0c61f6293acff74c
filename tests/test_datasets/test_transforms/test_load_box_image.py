"""The loader of images of boxes."""

import pickle

import cv2
import numpy as np
import pytest

from mmdet_mal.datasets import AnnotationError, last_image
from mmdet_mal.datasets.transforms import LoadBoxImage
from mmdet_mal.registry import TRANSFORMS
from mmdet_mal.utils.setting_error import SettingError


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


def test_the_last_image_is_kept_for_the_next_box(results, monkeypatch):
    opened = []
    monkeypatch.setattr(
        last_image, 'open_image',
        lambda path, *args, original=last_image.open_image, **kwargs: (
            opened.append(path), original(path, *args, **kwargs))[1])
    other = results['img_path'].replace('a.png', 'b.png')
    cv2.imwrite(other, results['expected'][::-1])
    load = LoadBoxImage(keep='last')
    first, again, turned, back = (
        load({'img_path': path})['img'] for path in
        (results['img_path'], results['img_path'], other, results['img_path']))
    assert again is first and opened == [
        results['img_path'], other, results['img_path']]
    assert np.array_equal(turned, results['expected'][::-1])
    assert np.array_equal(back, results['expected'])
    with pytest.raises(ValueError, match='read-only'):
        first[0, 0] = 0
    assert len(pickle.dumps(load)) < first.nbytes
    plain = LoadBoxImage()
    for _ in range(2):
        plain({'img_path': other})['img'][0, 0] = 0  # its own each time
    assert len(opened) == 5


def test_the_kept_image_is_checked_against_each_boxs_size(results):
    load = LoadBoxImage(keep='last')
    load(dict(results))
    with pytest.raises(AnnotationError, match='annotation 12'):
        load({**results, 'width': 41})


def test_a_word_that_is_no_way_to_keep():
    with pytest.raises(SettingError, match="'none' or 'last', got 'all'"):
        LoadBoxImage(keep='all')
