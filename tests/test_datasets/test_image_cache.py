"""Decoded images in memory."""

import cv2
import numpy as np
import pytest

from mmdet_mal.datasets import AnnotationError, image_cache
from mmdet_mal.datasets.image_cache import ImageCache


@pytest.fixture
def noise():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (40, 60, 3)).astype(np.uint8)


def test_cache_holds_images_of_any_size_read_only(tmp_path, noise):
    paths, shapes = [], [(40, 60), (7, 5), (1, 60)]
    for i, (height, width) in enumerate(shapes):
        paths.append(str(tmp_path / f'{i}.png'))
        cv2.imwrite(paths[-1], noise[:height, :width])
    cache = ImageCache(paths, shapes)
    for i in (2, 0, 1):
        height, width = shapes[i]
        assert np.array_equal(cache[i], noise[:height, :width])
        assert not cache[i].flags.writeable


def test_cache_lists_all_bad_images(tmp_path, noise):
    good = str(tmp_path / 'good.png')
    cv2.imwrite(good, noise)
    with pytest.raises(AnnotationError) as error:
        ImageCache([good, 'no1.png', good, 'no2.png'],
                   [(40, 60), (40, 60), (60, 40), (40, 60)])
    text = str(error.value)
    assert '3 of 4 images' in text
    assert 'no1.png' in text and 'no2.png' in text and 'good.png' in text


def test_cache_refuses_large_sets(monkeypatch):
    monkeypatch.setattr(image_cache, 'CACHE_LIMIT', 1000)
    with pytest.raises(ValueError, match='cache_images=False'):
        ImageCache(['a.png'], [(40, 60)])
