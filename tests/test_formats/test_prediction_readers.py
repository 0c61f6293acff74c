"""Predictions of mmdet and others as boxes."""

import json

import pytest

from mmdet_mal.formats import read_boxes
from mmdet_mal.utils.errors import UserError


@pytest.fixture
def truth(write):
    return str(write('val.json', json.dumps(dict(
        images=[dict(id=42, file_name='a.jpg', width=200, height=100),
                dict(id=43, file_name='b.jpg', width=200, height=100)],
        annotations=[], categories=[dict(id=18, name='dog'),
                                    dict(id=17, name='cat')]))))


def results(**changes):
    """As mmdet's CocoMetric writes a box."""
    return {**dict(image_id=42, bbox=[10.5, 20., 30., 40.], score=.875,
                   category_id=17), **changes}


def test_a_results_list_takes_images_and_classes_from_its_file(write, truth, boxes):
    path = write('x.bbox.json', json.dumps([results(), results(score=.125)]))
    data = read_boxes(str(path), annotations=truth, min_box_score=.5)
    assert boxes(data) == [('a.jpg', 'cat', 10.5, 20, 30, 40)]
    assert [entry['name'] for entry in data['categories']] == ['dog', 'cat']
    assert data['annotations'][0]['box_score'] == .875
    assert len(data['images']) == 2
    with pytest.raises(UserError, match='give the COCO JSON .* --annotations'):
        read_boxes(str(path))


@pytest.mark.parametrize('entry, words', [
    (results(image_id=1), 'prediction 2: image_id 1 is not in'),
    (results(category_id=1), 'prediction 2: category_id 1 is not in'),
    (results(bbox=[1, 2]), r'prediction 2: bbox is \[1, 2\]'),
    (results(score='x'), "prediction 2: the score is 'x'"),
    (7, 'prediction 2: is a int')])
def test_a_faulty_prediction_is_named(write, truth, entry, words):
    path = write('x.bbox.json', json.dumps([results(), entry]))
    with pytest.raises(UserError, match=words):
        read_boxes(str(path), annotations=truth)


@pytest.fixture
def preds(write, tmp_path, photo):
    """As DetInferencer with no_save_pred=False writes them."""
    for name in 'ab':
        photo(tmp_path / 'photos' / f'{name}.jpg', (200, 100))
    write('preds/b.json', json.dumps(dict(labels=[], scores=[], bboxes=[])))

    def put(**changes):
        write('preds/a.json', json.dumps({**dict(
            labels=[1, 0], scores=[.875, .125],
            bboxes=[[10, 20, 40, 60], [0, 0, 5, 5]]), **changes}))
        return str(tmp_path / 'preds')

    return put


def test_inferencer_files_give_corners_and_scores(preds, tmp_path, boxes):
    data = read_boxes(preds(), str(tmp_path / 'photos'), classes=['cat', 'dog'],
                      min_box_score=.5)
    assert boxes(data) == [('a.jpg', 'dog', 10, 20, 30, 40)]
    assert len(data['images']) == 2
    with pytest.raises(UserError, match='--images and .*--classes'):
        read_boxes(preds(), classes=['cat', 'dog'])


@pytest.mark.parametrize('changes, words', [
    (dict(labels=[2, 0]), 'a.json: prediction 1: label is 2, expected 0 to 1'),
    (dict(scores=[.5]), 'lists labels, scores and bboxes of one length'),
    (dict(bboxes=[[1, 2, 3, 4, .5], [0, 0, 5, 5]]), 'prediction 1: box is')])
def test_a_faulty_inferencer_file_is_named(preds, tmp_path, changes, words):
    with pytest.raises(UserError, match=words):
        read_boxes(preds(**changes), str(tmp_path / 'photos'), classes=['a', 'b'])


def test_pickles_are_refused_with_the_reason(tmp_path):
    (tmp_path / 'results.pkl').write_bytes(b'cos\nsystem\n(S"true"\ntR.')
    with pytest.raises(UserError, match='runs whatever code is in it'):
        read_boxes(str(tmp_path / 'results.pkl'))
