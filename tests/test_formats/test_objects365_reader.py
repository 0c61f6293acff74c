"""Objects365 v2: names as the archives unpack, images that are nowhere."""

import json

import pytest

from mmdet_mal.formats import Tally, read_boxes

FILE = dict(
    images=[
        dict(id=420917, license=5, width=769, height=512, url='',
             file_name='images/v1/patch8/objects365_v1_00420917.jpg'),
        dict(id=908726, license=1, width=600, height=400, url='',
             file_name='images/v2/patch16/objects365_v2_00908726.jpg'),
        dict(id=908727, license=1, width=600, height=400, url='',
             file_name='images/v2/patch16/objects365_v2_00908727.jpg')],
    annotations=[
        dict(id=1, image_id=420917, category_id=94, iscrowd=0, isfake=0, isreflected=0,
             area=1657.3, bbox=[94.9, 10.2, 42.6, 38.9]),
        dict(id=2, image_id=908726, category_id=1, iscrowd=0, isfake=0, isreflected=0,
             area=100., bbox=[1., 2., 10., 10.]),
        dict(id=3, image_id=908727, category_id=1, iscrowd=1, isfake=1, isreflected=0,
             area=400., bbox=[5., 5., 20., 20.])],
    categories=[dict(id=1, name='Person'), dict(id=94, name='Tripod')],
    licenses=[dict(id=1, name='CC')])


@pytest.fixture
def path(tmp_path):
    path = tmp_path / 'zhiyuan_objv2_train.json'
    path.write_text(json.dumps(FILE))
    return path


def test_names_are_those_of_the_archives_and_absent_images_are_left_out(path):
    tally = Tally()
    boxes = read_boxes(str(path), tally=tally)
    assert [(image['id'], image['file_name']) for image in boxes['images']] == [
        (420917, 'patch8/objects365_v1_00420917.jpg'),
        (908727, 'patch16/objects365_v2_00908727.jpg')]
    assert [(a['id'], a['bbox'], a['iscrowd'], a['isfake'])
            for a in boxes['annotations']] == [
        (1, [94.9, 10.2, 42.6, 38.9], 0, 0), (3, [5, 5, 20, 20], 1, 1)]
    assert '1 images that no archive of Objects365 holds' in str(tally)


def test_the_absent_images_are_those_that_stock_mmdet_leaves_out():
    from mmdet.datasets.objects365 import objv2_ignore_list

    from mmdet_mal.formats.objects365_reader import _ABSENT
    assert set(objv2_ignore_list) == _ABSENT


def test_a_plain_coco_file_is_no_objects365(path):
    data = json.loads(path.read_text())
    for image in data['images']:
        image['file_name'] = f"{image['id']}.jpg"
    path.write_text(json.dumps(data))
    assert len(read_boxes(str(path))['images']) == 3


@pytest.mark.parametrize('name', [
    'images/v1/patch8/../../objects365_v1_00420917.jpg', None, 'x/patchy/a.jpg'])
def test_other_names_stay(path, name):
    data = json.loads(path.read_text())
    data['images'][0]['file_name'] = name
    path.write_text(json.dumps(data))
    boxes = read_boxes(str(path), format='objects365')
    assert boxes['images'][0]['file_name'] == name
