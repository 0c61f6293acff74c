"""COCO and LVIS JSON."""

import json

import pytest

from mmdet_mal.formats import Tally, read_boxes
from mmdet_mal.utils.errors import UserError


def coco(**changes):
    return {**dict(
        info=dict(year=2020), images=[dict(id=9, file_name='p/a.jpg', width=20,
                                           height=10, license=1)],
        annotations=[dict(id=5, image_id=9, category_id=3, bbox=[1, 2, 3, 4], area=7,
                          iscrowd=0, segmentation=[[1, 2, 4, 2, 4, 6]]),
                     dict(id=4, image_id=9, category_id=7, bbox=[0, 0, 5, 5],
                          score=.25)],
        categories=[dict(id=7, name='dog', supercategory='pet'),
                    dict(id=3, name='cat')]), **changes}


def save(write, data):
    return str(write('x.json', json.dumps(data)))


def test_masks_are_dropped_and_all_else_is_kept(write):
    data = read_boxes(save(write, coco()))
    assert data['annotations'] == [
        dict(id=5, image_id=9, category_id=3, bbox=[1, 2, 3, 4], area=12.,
             iscrowd=0),
        dict(id=4, image_id=9, category_id=7, bbox=[0, 0, 5, 5], area=25., iscrowd=0,
             box_score=.25)]
    assert data['info'] == dict(year=2020)
    assert data['images'] == coco()['images']
    assert data['categories'] == coco()['categories']


def test_classes_get_the_order_that_is_asked_for(write):
    data = read_boxes(save(write, coco()), classes=['cat', 'bird', 'dog'])
    assert [entry['category_id'] for entry in data['annotations']] == [1, 3]
    assert data['categories'] == [
        dict(id=1, name='cat'), dict(id=2, name='bird'),
        dict(id=3, name='dog', supercategory='pet')]
    with pytest.raises(UserError, match="annotation 4: class 'dog' is not among"):
        read_boxes(save(write, coco()), classes=['cat'])


def test_images_are_found_measured_and_turned_back(write, tmp_path, photo):
    photo(tmp_path / 'photos' / 'p' / 'a.jpg', (10, 20), orientation=6)
    tally = Tally()
    data = read_boxes(save(write, coco()), str(tmp_path / 'photos'), tally=tally)
    assert (data['images'][0]['width'], data['images'][0]['height']) == (10, 20)
    # x 1, y 2, w 3, h 4 as shown (20 x 10): x = y shown, y = 20 - 1 - 3.
    assert data['annotations'][0]['bbox'] == [2, 16, 4, 3]
    assert '1 images are turned by EXIF' in str(tally)
    with pytest.raises(UserError, match="image 9: no image 'p/a.jpg'"):
        (tmp_path / 'empty').mkdir()
        read_boxes(save(write, coco()), str(tmp_path / 'empty'))


def test_boxes_of_low_score_are_left_out(write):
    entries = [dict(entry, score=score) for entry, score in
               zip(coco()['annotations'], (.9, .1), strict=True)]
    tally = Tally()
    data = read_boxes(save(write, coco(annotations=entries)), min_box_score=.5,
                      tally=tally)
    assert [entry['id'] for entry in data['annotations']] == [5]
    assert '1 boxes have a score below' in str(tally)
    with pytest.raises(UserError, match='annotation 5: this box has no score'):
        read_boxes(save(write, coco()), min_box_score=.5)


def test_lvis_names_its_images_by_address(write):
    data = coco()
    data['images'] = [dict(id=9, width=20, height=10, neg_category_ids=[3],
                           not_exhaustive_category_ids=[],
                           coco_url='http://images.cocodataset.org/train2017/1.jpg')]
    data['categories'] = [dict(entry, synset='x.n.01', frequency='r', synonyms=['x'])
                          for entry in data['categories']]
    read = read_boxes(save(write, data))
    assert read['images'] == [dict(data['images'][0], file_name='train2017/1.jpg')]
    assert read['categories'] == data['categories']


@pytest.mark.parametrize('data, words', [
    ({'images': [], 'annotations': []}, "no 'categories' in the file"),
    (coco(annotations=[3]), "entry 0 of 'annotations'")])
def test_a_faulty_file_is_named(write, data, words):
    with pytest.raises(UserError, match=words):
        read_boxes(save(write, data))


def test_real_boxes_come_back_as_they_were(coco_mini_root):
    path = coco_mini_root / 'annotations' / 'instances_train.json'
    boxes = json.loads((path.parent / 'boxes_train.json').read_text())
    data = read_boxes(str(path), str(coco_mini_root / 'images'))
    keys = ('id', 'image_id', 'category_id', 'bbox', 'iscrowd')
    assert [[entry[key] for key in keys] for entry in data['annotations']] == [
        [entry[key] for key in keys] for entry in boxes['annotations']]
    assert not any('segmentation' in entry for entry in data['annotations'])
