"""Cityscapes: boxes of what is visible of a polygon."""

import json

import cv2
import numpy as np
import pytest

from mmdet_mal.formats import Tally, read_boxes
from mmdet_mal.utils.errors import UserError

STEM = 'aachen_000000_000019'


def rectangle(x0, y0, x1, y1):
    """Corners of pixels x0 to x1 and y0 to y1, both ends included."""
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]


# As gtFine looks, on a small image: far things first.
OBJECTS = [
    dict(label='road', polygon=rectangle(0, 20, 63, 31)),
    dict(label='car', polygon=rectangle(10, 10, 29, 19)),
    dict(label='person', polygon=rectangle(25, 5, 34, 24)),  # hides 5 columns
    dict(label='license plate', polygon=rectangle(12, 12, 20, 19)),
    dict(label='cargroup', polygon=rectangle(40, 8, 55, 15)),
    dict(label='caravan', polygon=rectangle(56, 0, 60, 4)),
    dict(label='bicycle', polygon=rectangle(2, 2, 5, 5)),
    dict(label='vegetation', polygon=rectangle(0, 0, 8, 8)),  # hides the bicycle
    dict(label='rider', polygon=rectangle(36, 0, 38, 3), deleted=1)]


@pytest.fixture
def folder(tmp_path):
    labels = tmp_path / 'gtFine/train/aachen'
    images = tmp_path / 'leftImg8bit/train/aachen'
    for path in (labels, images):
        path.mkdir(parents=True)
    save(tmp_path, dict(imgHeight=32, imgWidth=64, objects=OBJECTS))
    (labels / f'{STEM}_gtFine_color.png').write_bytes(b'not read')
    cv2.imwrite(str(images / f'{STEM}_leftImg8bit.png'), np.zeros((32, 64, 3)))
    return tmp_path


def save(root, data):
    path = root / f'gtFine/train/aachen/{STEM}_gtFine_polygons.json'
    path.write_text(json.dumps(data))


def test_boxes_by_hand(folder):
    tally = Tally()
    boxes = read_boxes(str(folder / 'gtFine'), str(folder / 'leftImg8bit'),
                       tally=tally)
    assert boxes['images'] == [dict(
        id=1, file_name=f'train/aachen/{STEM}_leftImg8bit.png', width=64, height=32)]
    names = {c['id']: c['name'] for c in boxes['categories']}
    assert list(names.values()) == ['person', 'rider', 'car', 'truck', 'bus', 'train',
                                    'motorcycle', 'bicycle']
    assert [(names[a['category_id']], a['bbox'], a['iscrowd'])
            for a in boxes['annotations']] == [
        ('car', [10, 10, 15, 10], 0), ('person', [25, 5, 10, 20], 0),
        ('car', [40, 8, 16, 8], 1)]
    assert '1 objects are wholly covered' in str(tally)
    assert '1 objects are of classes that Cityscapes does not evaluate' in str(tally)


def test_boxes_bound_the_drawing_of_random_polygons(folder):
    """Against another way to draw: cv2, a pixel more or less at the edges."""
    rng = np.random.default_rng(0)
    polygons = rng.integers(0, 200, (40, 5, 2)).tolist()
    save(folder, dict(imgHeight=200, imgWidth=200, objects=[
        dict(label='car', polygon=polygon) for polygon in polygons]))
    boxes = read_boxes(str(folder / 'gtFine'))['annotations']
    canvas = np.zeros((200, 200), np.int32)
    for mark, polygon in enumerate(polygons, 1):
        cv2.fillPoly(canvas, [np.array(polygon, np.int32)], mark)
    seen = [mark for mark in range(1, 41) if (canvas == mark).sum() > 50]
    by_mark = {}
    for mark in seen:
        y, x = np.nonzero(canvas == mark)
        by_mark[mark] = np.array([x.min(), y.min(), x.max() + 1, y.max() + 1])
    ours = [np.array([b[0], b[1], b[0] + b[2], b[1] + b[3]])
            for b in (a['bbox'] for a in boxes)]
    assert len(seen) > 5
    for expected in by_mark.values():
        assert min(np.abs(box - expected).max() for box in ours) <= 3


def test_the_part_of_a_folder_and_one_file_are_read_too(folder):
    part = read_boxes(str(folder / 'gtFine/train'), str(folder / 'leftImg8bit/train'))
    assert part['images'][0]['file_name'] == f'aachen/{STEM}_leftImg8bit.png'
    one = read_boxes(str(folder / f'gtFine/train/aachen/{STEM}_gtFine_polygons.json'))
    assert one['images'][0]['file_name'] == f'{STEM}_leftImg8bit.png'
    assert len(one['annotations']) == len(part['annotations']) == 3


@pytest.mark.parametrize('change, message', [
    (dict(objects=None), "no list 'objects'"),
    (dict(imgWidth=0), 'imgWidth is 0'),
    (dict(imgHeight='32'), "imgHeight is '32'"),
    (dict(imgHeight=10**9), 'imgHeight is 1000000000'),
    (dict(objects=[dict(polygon=[])]), 'object 0: has no label'),
    (dict(objects=[dict(label='car', polygon=[[1, 2, 3]])]), 'object 0: polygon is'),
    (dict(objects=[dict(label='car', polygon=[[1, 'x']])]),
     "object 0: a coordinate is 'x'"),
    (dict(imgWidth=63), 'says that train/aachen'),
])
def test_faults_are_named(folder, change, message):
    save(folder, dict(dict(imgHeight=32, imgWidth=64, objects=OBJECTS), **change))
    with pytest.raises(UserError, match=message) as error:
        read_boxes(str(folder / 'gtFine'), str(folder / 'leftImg8bit'))
    assert '\n' not in str(error.value) and STEM in str(error.value)


def test_a_missing_image_and_an_empty_folder(folder):
    next((folder / 'leftImg8bit').rglob('*.png')).unlink()
    with pytest.raises(UserError, match='no image'):
        read_boxes(str(folder / 'gtFine'), str(folder / 'leftImg8bit'))
    with pytest.raises(UserError, match='gtFine_polygons.json file in it'):
        read_boxes(str(folder / 'leftImg8bit'), format='cityscapes')
