import json

import pytest

from mmdet_mal.retention.sources import (mean_mask_iou, read_sources,
                                         shared_images, write_class_agnostic)
from mmdet_mal.utils.errors import UserError


def square(x, y, side):
    return [[x, y, x + side, y, x + side, y + side, x, y + side]]


def coco():
    return dict(
        images=[dict(id=1, file_name='a.png', width=40, height=30)],
        categories=[dict(id=3, name='cat'), dict(id=7, name='dog')],
        annotations=[
            dict(id=5, image_id=1, category_id=3, bbox=[2, 2, 10, 10], iscrowd=0,
                 area=100, segmentation=square(2, 2, 10)),
            dict(id=6, image_id=1, category_id=7, bbox=[20, 10, 8, 8], iscrowd=0,
                 area=64, segmentation=square(20, 10, 8))])


@pytest.fixture
def write(tmp_path):
    def write(name, data):
        path = tmp_path / f'{name}.json'
        path.write_text(json.dumps(data))
        return str(path)
    return write


def test_masks_of_the_same_boxes(write):
    half = coco()
    half['annotations'][0]['segmentation'] = [[2, 2, 12, 2, 12, 7, 2, 7]]
    human, other = read_sources(write('human', coco()),
                                {'half masks': write('half', half)})
    assert (human.name, other.name, other.slug) == ('human', 'half masks',
                                                    'half_masks')
    assert mean_mask_iou(other, human) == pytest.approx((.5 + 1) / 2)


def test_one_class(write, tmp_path):
    path = write_class_agnostic(coco(), tmp_path / 'one.json')
    data = json.loads(open(path).read())
    assert [c['name'] for c in data['categories']] == ['object']
    assert {a['category_id'] for a in data['annotations']} == {1}
    assert data['annotations'][0]['segmentation'] == square(2, 2, 10)


def _change(key, value, number=0):
    def change(data):
        data['annotations'][number][key] = value
    return change


@pytest.mark.parametrize('change, message', [
    pytest.param(_change('bbox', [2, 2, 10, 11]), r'5 has the box \[2, 2, 10, 11\]',
                 id='another box'),
    pytest.param(_change('id', 9), 'other annotations .* annotation 5 in',
                 id='another id'),
    pytest.param(_change('iscrowd', 1), '5 has another image, category or iscrowd',
                 id='crowd'),
    pytest.param(_change('segmentation', [], 1), 'annotation 6 has no segmentation',
                 id='no mask'),
    pytest.param(lambda data: data['images'][0].update(file_name='b.png'),
                 "image 1 is 'b.png'", id='another image'),
    pytest.param(lambda data: data['categories'].reverse(), 'other categories',
                 id='another order of classes'),
    pytest.param(lambda data: data['annotations'].clear(), 'no annotations',
                 id='empty'),
])
def test_files_that_differ_in_more_than_masks_are_refused(write, change, message):
    data = coco()
    change(data)
    path = write('mal', data)
    with pytest.raises(UserError, match=message) as error:
        read_sources(write('human', coco()), dict(MAL=path))
    assert path in str(error.value) and '\n' not in str(error.value)


@pytest.mark.parametrize('name', ['../x', 'human', 'Human', '', '.x', 'a/b', 'a' * 41])
def test_a_name_that_is_no_folders_is_refused(write, name):
    path = write('human', coco())
    with pytest.raises(UserError, match='the name must be'):
        read_sources(path, {name: path})


def test_shared_images():
    other = coco()
    assert shared_images(coco(), other) == 1
    other['images'][0]['file_name'] = 'b.png'
    assert shared_images(coco(), other) == 0
