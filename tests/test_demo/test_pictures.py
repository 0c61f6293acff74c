import json

import numpy as np
import pytest

from mmdet_mal.datasets import AnnotationError
from mmdet_mal.demo import draw_dataset
from mmdet_mal.demo.pictures import result_grid, xyxy


@pytest.fixture(scope='module')
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp('drawn')
    paths = draw_dataset(folder, 0, 1, 4, show_progress=False)
    return folder / 'images', json.load(open(paths['instances_val']))


def cells(grid):
    """The four columns of a grid."""
    return np.split(grid[:, 6:], 4, axis=1)


def test_equal_masks_give_equal_columns(drawn):
    images, data = drawn
    grid = result_grid(images, data, data, num_rows=2)
    image, box, made, true = (cell[30:] for cell in cells(grid))
    assert np.array_equal(made, true)
    assert not np.array_equal(image, box) and not np.array_equal(box, made)


def test_a_box_without_a_mask_is_left_unpainted(drawn):
    images, data = drawn
    empty = dict(data, annotations=[])
    image, _, made, true = (
        cell[30:] for cell in cells(result_grid(images, empty, data, 1)))
    assert np.array_equal(image, made) and not np.array_equal(image, true)


def test_there_are_no_more_rows_than_pictures(drawn):
    images, data = drawn
    assert (result_grid(images, data, data, 9).shape
            == result_grid(images, data, data, 4).shape)


def test_a_missing_picture_is_named(drawn, tmp_path):
    _, data = drawn
    with pytest.raises(AnnotationError, match='val_00001.jpg'):
        result_grid(tmp_path, data, data)


def test_boxes_are_turned_into_corners():
    assert xyxy([3, 4, 10, 20]) == [3, 4, 13, 24]
