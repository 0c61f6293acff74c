"""Of the images that are opened, the last is kept and no other."""

import copy
import pickle
import weakref

import cv2
import numpy as np
import pytest

from mmdet_mal.datasets import AnnotationError, last_image
from mmdet_mal.datasets.last_image import LastImage


@pytest.fixture
def paths(tmp_path):
    """Two images of 4 x 5 px, of one value each: 1 and 2."""
    paths = []
    for value in (1, 2):
        paths.append(str(tmp_path / f'{value}.png'))
        cv2.imwrite(paths[-1], np.full((4, 5, 3), value, np.uint8))
    return paths


def test_an_image_is_read_again_only_after_another(paths):
    images = LastImage()
    first = images.open(paths[0], 'x')
    assert images.open(paths[0], 'x') is first and images.path == paths[0]
    assert (images.open(paths[1], 'x') == 2).all() and images.path == paths[1]
    again = images.open(paths[0], 'x')
    assert again is not first and (again == 1).all()


def test_an_image_that_is_forgotten_is_read_again(paths):
    images = LastImage()
    assert images.path is None
    images.forget()
    first = images.open(paths[0], 'x')
    images.forget()
    assert images.path is None
    assert images.open(paths[0], 'x') is not first


def test_two_images_are_never_in_memory_at_once(paths, monkeypatch):
    images, alive = LastImage(), []
    original = last_image.open_image
    monkeypatch.setattr(last_image, 'open_image', lambda *args, **kwargs: (
        alive.append(first() is not None), original(*args, **kwargs))[1])
    first = weakref.ref(lambda: None)  # of nothing that lives
    first = weakref.ref(images.open(paths[0], 'x'))
    assert first() is not None
    images.open(paths[1], 'x')
    assert alive == [False, False]


def test_options_are_handed_on(paths):
    grey = LastImage().open(paths[1], 'x', color_type='grayscale')
    assert grey.ndim == 2


def test_after_an_error_nothing_is_kept(paths, tmp_path):
    images = LastImage()
    images.open(paths[0], 'x')
    with pytest.raises(AnnotationError, match=r'none\.png.*annotation 7'):
        images.open(str(tmp_path / 'none.png'), 'annotation 7')
    assert images.path is None


@pytest.mark.parametrize('of', [
    copy.deepcopy, lambda images: pickle.loads(pickle.dumps(images))],
    ids=['copy', 'pickle'])
def test_a_copy_holds_no_pixels_and_opens_anew(paths, of):
    images = LastImage()
    first = images.open(paths[0], 'x')
    other = of(images)
    assert other.path is None and images.open(paths[0], 'x') is first
    assert np.array_equal(other.open(paths[0], 'x'), first)
