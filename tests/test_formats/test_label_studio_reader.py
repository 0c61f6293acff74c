"""Label Studio JSON and JSON-MIN."""

import json

import pytest

from mmdet_mal.formats import Tally, read_boxes
from mmdet_mal.utils.errors import UserError


def region(kind='rectanglelabels', label='dog', **value):
    """As Label Studio 1.x writes one; percent of a 200 x 100 picture."""
    return {'id': 'Dx_aB91ISN', 'type': kind, 'from_name': 'label', 'origin': 'manual',
            'to_name': 'image', 'image_rotation': 0, 'original_width': 200,
            'original_height': 100,
            'value': {'x': 5.0, 'y': 20.0, 'width': 15.0, 'height': 40.0,
                      'rotation': 0, kind: [label], **value}}


def task(*regions, image='/data/upload/3/1a2b3c4d-a%20b.jpg', **changes):
    return {'id': 7, 'data': {'image': image},
            'annotations': [{'id': 12, 'completed_by': 1, 'was_cancelled': False,
                             'ground_truth': False, 'result': list(regions)}],
            'predictions': [], 'drafts': [], 'file_upload': '1a2b3c4d-a b.jpg',
            **changes}


POLYGON = {**region('polygonlabels', 'cat'), 'value': {
    'points': [[0, 0], [10, 10], [5, 50]], 'closed': True, 'polygonlabels': ['cat']}}
ELLIPSE = {**region('ellipselabels', 'cat'), 'value': {
    'x': 50, 'y': 50, 'radiusX': 5, 'radiusY': 20, 'rotation': 0,
    'ellipselabels': ['cat']}}
CHOICE = {'id': 'c', 'type': 'choices', 'from_name': 'k', 'to_name': 'image',
          'value': {'choices': ['good']}}


def read(write, *tasks, **options):
    return read_boxes(str(write('export.json', json.dumps(tasks))), **options)


def test_percent_become_pixels_and_uploads_lose_their_prefix(write, boxes):
    tally = Tally()
    data = read(write, task(region(), CHOICE, POLYGON), tally=tally)
    assert boxes(data) == [('data/upload/3/a b.jpg', 'dog', 10, 20, 30, 40)]
    assert '1 polygons are no boxes and are left out' in str(tally)


def test_bounds_of_shapes_with_an_area(write, boxes):
    data = read(write, task(POLYGON, ELLIPSE), shapes='bounds')
    assert [found[2:] for found in boxes(data)] == [(0, 0, 20, 50), (90, 30, 20, 40)]


def test_a_rotated_box_is_refused_or_bounded(write, boxes):
    turned = task(region(rotation=90))
    with pytest.raises(UserError, match='task 7: region Dx_aB91ISN: this box is '
                       'rotated by 90'):
        read(write, turned)
    data = read(write, turned, shapes='bounds')
    # 30 x 40 about its corner (10, 20), clockwise: to the left of it.
    assert boxes(data)[0][2:] == (-30, 20, 40, 30)


@pytest.mark.parametrize('address, found', [
    ('/data/local-files/?d=sub%2Fa.jpg', 'sub/a.jpg'), ('s3://bucket/sub/a.jpg',
                                                       'sub/a.jpg'),
    ('https://x.org/p/sub/a.jpg?token=1', 'sub/a.jpg'),
    ('/data/upload/1/1a2b3c4d-b.jpg', 'b.jpg'), ('C:\\x\\b.jpg', 'b.jpg')])
def test_addresses_find_their_image(write, tmp_path, photo, address, found):
    for name in ('sub/a.jpg', 'other/a.jpg', 'b.jpg'):
        photo(tmp_path / 'photos' / name, (200, 100))
    data = read(write, task(region(), image=address), images=tmp_path / 'photos')
    assert data['images'][0]['file_name'] == found


def test_json_min(write, boxes):
    value = {**region()['value'], 'original_width': 200, 'original_height': 100}
    data = read(write, {'image': '/x/a.jpg', 'id': 1, 'label': [value],
                        'annotator': 1, 'annotation_id': 2})
    assert boxes(data) == [('/x/a.jpg', 'dog', 10, 20, 30, 40)]


def test_predictions_are_read_if_asked_for(write):
    both = task(predictions=[dict(model_version='m', score=.25, result=[
        {**region(), 'score': .75}, region()])], annotations=[])
    tally = Tally()
    assert read(write, task(region()), {**both, 'data': {'image': 'b.jpg'}},
                tally=tally)['annotations'][0]['id'] == 1
    assert '1 tasks have predictions and no annotations' in str(tally)
    data = read(write, both, results='predictions')
    assert [entry['box_score'] for entry in data['annotations']] == [.75, .25]


def test_what_was_cancelled_does_not_count_and_the_last_does(write):
    several = task()
    several['annotations'] = [
        dict(result=[region(label='old')]), dict(result=[region(label='new')]),
        dict(result=[region(label='bad')], was_cancelled=True)]
    tally = Tally()
    data = read(write, several, tally=tally)
    assert [entry['name'] for entry in data['categories']] == ['new']
    assert '1 tasks have several annotations' in str(tally)


def test_an_image_without_labels_needs_the_images(write, tmp_path, photo):
    photo(tmp_path / 'photos' / 'b.jpg', (9, 8))
    photo(tmp_path / 'photos' / 'a b.jpg', (200, 100))
    tasks = task(region()), task(image='b.jpg')
    tally = Tally()
    assert len(read(write, *tasks, tally=tally)['images']) == 1
    assert '1 tasks have no labels that tell the size' in str(tally)
    assert len(read(write, *tasks, images=tmp_path / 'photos')['images']) == 2


@pytest.mark.parametrize('tasks, words', [
    ([task(region(x='a'))], "region Dx_aB91ISN: x is 'a'"),
    ([task(region(rectanglelabels=['a', 'b']))], "has the labels .'a', 'b'.,"),
    ([task({**region(), 'image_rotation': 90})], 'image turned by 90'),
    ([task({**region(), 'value': None})], "has no object 'value'"),
    ([task(annotations=[dict(result=None)])], "task 7: has no list 'result'"),
    ([{**task(region()), 'data': dict(a='x.jpg', b='y.jpg')}], 'which of a, b'),
    (['x'], 'expected a list of tasks')])
def test_a_faulty_file_is_named(write, tasks, words):
    with pytest.raises(UserError, match=words):
        read(write, *tasks, format='label-studio')
