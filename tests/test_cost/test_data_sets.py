"""Sizes of data sets."""

import json

import pytest

from mmdet_mal.cost.data_sets import NAMED, data_size
from mmdet_mal.utils.errors import UserError


def boxes_file(tmp_path, boxes, crowd=()):
    path = tmp_path / 'my boxes.json'
    path.write_text(json.dumps(dict(
        images=[dict(id=i, file_name=f'{i}.jpg', width=2000, height=1000)
                for i in (1, 2, 3)],
        annotations=[dict(id=i + 1, image_id=1 + i % 2, category_id=1, bbox=box,
                          area=box[2] * box[3], iscrowd=int(i in crowd))
                     for i, box in enumerate(boxes)],
        categories=[dict(id=1, name='a')])))
    return str(path)


def test_a_file_is_counted(tmp_path):
    path = boxes_file(tmp_path, [[0, 0, 100, 100], [0, 0, 10, 10],
                                 [0, 0, 30, 30], [5, 5, 50, 50]], crowd={3})
    size = data_size(path)
    # The third image has no box; the crowd region is no box to label.
    assert (size.images, size.boxes, size.megapixels) == (2, 3, 2.)
    assert size.trainable == pytest.approx(2 / 3)  # 400 px² and more
    assert data_size(path, min_area=2048).trainable == pytest.approx(1 / 3)
    assert size.name == 'my boxes.json'


def test_a_file_without_boxes(tmp_path):
    with pytest.raises(UserError, match='has no sound box'):
        data_size(boxes_file(tmp_path, []))


def test_a_name_that_is_not_known():
    with pytest.raises(UserError, match='did you mean coco'):
        data_size('cocoo')
    with pytest.raises(UserError, match='neither a file nor one of'):
        data_size('/nowhere/boxes.json')


def test_every_known_set_says_where_its_numbers_come_from():
    assert {'coco', 'lvis-v1', 'objects365-v1', 'objects365-v2',
            'open-images'} == set(NAMED)
    for name, size in NAMED.items():
        assert data_size(name) is size and size.boxes > size.images
        assert len(size.source) > 20


def test_what_is_taken_from_coco_mini_is_so_there(coco_mini_root):
    size = data_size(str(coco_mini_root / 'annotations' / 'boxes_train.json'),
                     min_area=2048)
    assert (size.images, size.boxes) == (159, 1474)
    assert NAMED['coco'].trainable == pytest.approx(size.trainable, abs=.005)
    assert NAMED['coco'].megapixels == pytest.approx(size.megapixels, abs=.001)
