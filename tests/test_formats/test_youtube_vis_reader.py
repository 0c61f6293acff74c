"""YouTube-VIS: frames to images, boxes of tracks to annotations."""

import copy
import json

import cv2
import numpy as np
import pytest

from mmdet_mal.formats import Tally, read_boxes
from mmdet_mal.utils.errors import UserError

# As train.json of 2019 looks: nulls for frames without the object, uncompressed
# run lengths column by column.
RLE = dict(counts=[10, 4, 16, 4, 1046], size=[27, 40])
FILE = dict(
    info=dict(description='YouTube-VOS', version='1.0', year=2019),
    licenses=[dict(url='https://creativecommons.org/licenses/by/4.0/', id=1)],
    videos=[
        dict(width=40, height=27, length=3, date_captured='2019-04-11', license=1,
             flickr_url='', coco_url='', id=1,
             file_names=['003234408d/00000.jpg', '003234408d/00005.jpg',
                         '003234408d/00010.jpg']),
        dict(width=32, height=24, length=1, license=1, id=2,
             file_names=['0043f083b5/00000.jpg'])],
    annotations=[
        dict(id=1, video_id=1, category_id=25, iscrowd=0, height=27, width=40,
             length=1, bboxes=[[2.0, 3.0, 10.0, 12.0], None, [4.0, 3.0, 11.0, 12.0]],
             areas=[80, None, 90], segmentations=[RLE, None, RLE]),
        dict(id=2, video_id=1, category_id=1, iscrowd=1, height=27, width=40,
             length=1, bboxes=[None, [20.0, 1.0, 15.0, 20.0], None],
             areas=[None, 200, None], segmentations=[None, RLE, None]),
        dict(id=3, video_id=2, category_id=1, iscrowd=0, height=24, width=32,
             length=1, bboxes=[[1.0, 2.0, 20.0, 18.0]], areas=[300],
             segmentations=[dict(RLE, size=[24, 32])])],
    categories=[dict(supercategory='object', id=25, name='parrot'),
                dict(supercategory='object', id=1, name='person')])


@pytest.fixture
def data():
    return copy.deepcopy(FILE)


@pytest.fixture
def read(tmp_path, data):
    def read(**options):
        path = tmp_path / 'train.json'
        path.write_text(json.dumps(data))
        return read_boxes(str(path), **options)
    return read


def test_boxes_by_hand(read):
    boxes = read()
    assert [(image['file_name'], image['width'], image['height'],
             image['video_id'], image['frame_id']) for image in boxes['images']] == [
        ('003234408d/00000.jpg', 40, 27, 1, 0), ('003234408d/00005.jpg', 40, 27, 1, 1),
        ('003234408d/00010.jpg', 40, 27, 1, 2), ('0043f083b5/00000.jpg', 32, 24, 2, 0)]
    # Classes in the order of their ids: person 1, parrot 25.
    assert [c['name'] for c in boxes['categories']] == ['person', 'parrot']
    assert [(a['image_id'], a['track_id'], a['category_id'], a['bbox'], a['iscrowd'])
            for a in boxes['annotations']] == [
        (1, 1, 2, [2, 3, 10, 12], 0), (3, 1, 2, [4, 3, 11, 12], 0),
        (2, 2, 1, [20, 1, 15, 20], 1), (4, 3, 1, [1, 2, 20, 18], 0)]
    assert boxes['annotations'][0]['area'] == 120
    assert not any('segmentation' in key for a in boxes['annotations'] for key in a)


def test_sizes_are_proved_on_the_frames(read, tmp_path, data):
    for video in data['videos']:
        for name in video['file_names']:
            path = tmp_path / 'JPEGImages' / name
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), np.zeros((video['height'], video['width'], 3)))
    images = str(tmp_path / 'JPEGImages')
    assert len(read(images=images)['images']) == 4
    data['videos'][1]['width'] = 33
    with pytest.raises(UserError, match='video 2: says that 0043f083b5/00000.jpg'):
        read(images=images)


def test_a_video_without_the_object_keeps_its_frames(read, data):
    del data['annotations'][2]
    assert len(read()['images']) == 4


def wrong(key, number, member, value):
    def spoil(data):
        data[key][number][member] = value
    return spoil


@pytest.mark.parametrize('spoil, message', [
    (wrong('annotations', 0, 'bboxes', [None]),
     r'annotation 1: bboxes has 1 entries, its video has 3 frames'),
    (wrong('annotations', 0, 'bboxes', None), 'annotation 1: bboxes is NoneType'),
    (wrong('annotations', 2, 'bboxes', [[1, 2, 3]]),
     r'annotation 3, frame 0: the box is \[1, 2, 3\]'),
    (wrong('annotations', 2, 'bboxes', [[1, 2, 'wide', 4]]),
     "annotation 3, frame 0: a coordinate is 'wide'"),
    (wrong('annotations', 1, 'video_id', 9), 'annotation 2: video_id is 9'),
    (wrong('annotations', 1, 'category_id', 9), 'annotation 2: category_id is 9'),
    (wrong('annotations', 1, 'id', 1), "id 1 occurs twice in 'annotations'"),
    (wrong('videos', 0, 'file_names', 'x.jpg'), 'video 1: file_names is no list'),
    (wrong('videos', 0, 'width', -4), 'has size -4 x 27'),
    (wrong('videos', 0, 'id', None), "entry 0 of 'videos' has no id"),
    (lambda data: data.update(annotations=None),
     'annotations of valid and test are not published'),
])
def test_faults_are_named(read, data, spoil, message):
    spoil(data)
    with pytest.raises(UserError, match=message) as error:
        read(format='youtube-vis')
    assert '\n' not in str(error.value) and 'train.json' in str(error.value)


def test_predicted_tracks_are_chosen_by_score(read, data):
    for track, score in zip(data['annotations'], (.9, .2, .6), strict=True):
        track['score'] = score
    tally = Tally()
    boxes = read(min_box_score=.5, tally=tally)
    assert [a['track_id'] for a in boxes['annotations']] == [1, 1, 3]
    assert '1 boxes have a score below' in str(tally)
