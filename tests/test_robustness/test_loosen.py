"""Boxes made worse on purpose."""

import numpy as np
import pytest

from mmdet_mal.robustness.kinds import KINDS
from mmdet_mal.robustness.loosen import loosen_box, loosen_boxes, mean_box_iou
from mmdet_mal.utils.errors import UserError

BOX = (100., 100., 140., 180.)


def size_and_shift(box):
    box = np.asarray(box)
    size = box[2:] - box[:2]
    return size / [40, 80], ((box[:2] + box[2:]) / 2 - [120, 140]) / [40, 80]


@pytest.mark.parametrize('kind, factors, length', [
    ('shift', (1., ), .2), ('grow', (1.2, ), 0), ('shrink', (.8, ), 0),
    ('both', (.8, 1.2), .2)])
def test_a_box_is_off_by_the_level(kind, factors, length):
    found = set()
    for ann_id in range(30):
        size, shift = size_and_shift(loosen_box(BOX, .2, kind, 0, ann_id))
        assert size[0] == pytest.approx(size[1])
        assert np.hypot(*shift) == pytest.approx(length, abs=1e-9)
        found.add(round(float(size[0]), 6))
    assert found == set(factors)


@pytest.mark.parametrize('kind', KINDS)
def test_level_0_changes_nothing(kind):
    assert loosen_box(BOX, 0., kind, 3, 5) == pytest.approx(BOX)


def test_a_direction_belongs_to_seed_and_annotation():
    shifts = [size_and_shift(loosen_box(BOX, level, 'shift', 1, 7))[1] / level
              for level in (.05, .1, .3)]
    assert np.allclose(shifts[0], shifts[1]) and np.allclose(shifts[0], shifts[2])
    for seed, ann_id in ((2, 7), (1, 8), (1, -7)):
        other = size_and_shift(loosen_box(BOX, .1, 'shift', seed, ann_id))[1] / .1
        assert not np.allclose(other, shifts[0], atol=1e-3)


def coco():
    return dict(
        images=[dict(id=1, height=200, width=150)],
        annotations=[
            dict(id=4, image_id=1, category_id=1, iscrowd=0, area=77, score='kept',
                 bbox=[100, 100, 40, 80], segmentation=[[0, 0, 1, 0, 1, 1]]),
            dict(id=2, image_id=1, category_id=1, iscrowd=1, bbox=[0, 0, 150, 200])],
        categories=[dict(id=1, name='x')])


def test_files_keep_their_ids_and_lose_their_masks():
    data = coco()
    loose = loosen_boxes(data, .3, 'grow')
    assert data == coco()
    one, crowd = loose['annotations']
    # 52 x 104 about (120, 140), cut off at the image's right border.
    assert one['bbox'] == pytest.approx([94, 88, 52, 104])
    assert one['area'] == pytest.approx(52 * 104)
    assert (one['id'], one['score']) == (4, 'kept')
    assert not any('segmentation' in ann for ann in loose['annotations'])
    assert crowd == data['annotations'][1]
    assert mean_box_iou(data, loose) == pytest.approx(1 / 1.3**2)


def test_boxes_do_not_depend_on_each_other():
    data = coco()
    data['annotations'].insert(0, dict(data['annotations'][0], id=9))
    assert (loosen_boxes(data, .1)['annotations'][1]
            == loosen_boxes(coco(), .1)['annotations'][0])


def test_boxes_stay_in_their_image():
    for seed in range(20):
        x, y, w, h = loosen_boxes(coco(), .9, 'both', seed)['annotations'][0]['bbox']
        assert x >= 0 and y >= 0 and w > 0 and h > 0
        assert x + w <= 150 + 1e-9 and y + h <= 200 + 1e-9


@pytest.mark.parametrize('bbox', [
    [1, 2, 0, 4], [1, 2, 3], ['a', 1, 2, 3], None, [1, 2, float('nan'), 4]])
def test_what_is_no_box_is_named(bbox):
    data = coco()
    data['annotations'][0]['bbox'] = bbox
    with pytest.raises(UserError, match='annotation 4: its box cannot be used'):
        loosen_boxes(data, .1)


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match='expected one of both'):
        loosen_box(BOX, .1, 'twist', 0, 1)
