"""LabelMe JSON."""

import json

import pytest

from mmdet_mal.formats import Tally, read_boxes
from mmdet_mal.utils.errors import UserError


def shape(kind='rectangle', points=((30, 40), (10, 20)), label='dog', **extra):
    """As LabelMe 5 writes one."""
    return {'label': label, 'points': [list(map(float, p)) for p in points],
            'group_id': None, 'description': '', 'shape_type': kind, 'flags': {},
            'mask': None, **extra}


def labelme(*shapes, **changes):
    return json.dumps({**dict(
        version='5.4.1', flags={}, shapes=list(shapes), imagePath='..\\x\\a.jpg',
        imageData=None, imageHeight=100, imageWidth=200), **changes})


MANY = (shape(), shape('polygon', [(0, 0), (8, 2), (4, 6)]),
        shape('polygon', [(50, 10), (60, 10), (60, 20)], group_id=1),
        shape('polygon', [(70, 5), (80, 10), (75, 30)], group_id=1),
        shape('circle', [(100, 50), (103, 54)]), shape('point', [(1, 1)]),
        shape('mask', [(9, 9), (12, 10)], mask='iVBORw0KGgo='))


def test_rectangles_alone_with_corners_in_any_order(write, tmp_path, boxes):
    write('l/a.json', labelme(*MANY))
    tally = Tally()
    data = read_boxes(str(tmp_path / 'l'), tally=tally)
    assert boxes(data) == [('../x/a.jpg', 'dog', 10, 20, 20, 20)]
    assert tally.count('polygons are no boxes and are left out (--shapes bounds '
                       'takes their bounds)') == 3
    assert '1 points have no area and are left out' in str(tally)


def test_bounds_of_all_shapes_and_one_box_a_group(write, boxes):
    path = write('a.json', labelme(*MANY))
    data = read_boxes(str(path), shapes='bounds')
    assert boxes(data) == [
        ('../x/a.jpg', 'dog', 0, 0, 8, 6), ('../x/a.jpg', 'dog', 9, 9, 4, 2),
        ('../x/a.jpg', 'dog', 10, 20, 20, 20), ('../x/a.jpg', 'dog', 50, 5, 30, 25),
        ('../x/a.jpg', 'dog', 95, 45, 10, 10)]


def test_equal_names_in_several_folders_stay_apart(write, tmp_path, photo, boxes):
    for part, label in (('p', 'cat'), ('q', 'dog')):
        write(f'l/{part}/a.json', labelme(shape(label=label), imagePath='a.jpg',
                                          imageWidth=None, imageHeight=None))
        photo(tmp_path / 'photos' / part / 'a.jpg', (200, 100))
    assert boxes(read_boxes(str(tmp_path / 'l'), str(tmp_path / 'photos'))) == [
        ('p/a.jpg', 'cat', 10, 20, 20, 20), ('q/a.jpg', 'dog', 10, 20, 20, 20)]


@pytest.mark.parametrize('text, words', [
    (labelme(shape(points=[])), r'a.json: shape 1: points are \[\]'),
    (labelme(shape(), shape(label=3)), 'a.json: shape 2: has no label'),
    (labelme()[:-9], 'a.json: is not valid JSON'),
    ('{"shapes": {}, "imagePath": "a"}', 'no LabelMe file'),
    (labelme(shape(), imageWidth=0), '--images')])
def test_a_faulty_file_is_named(write, text, words):
    with pytest.raises(UserError, match=words):
        read_boxes(str(write('a.json', text)), format='labelme')
