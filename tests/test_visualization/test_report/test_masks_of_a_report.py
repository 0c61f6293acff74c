"""Columns of a masks JSON, its charts and tables, which masks are shown."""

import json

import cv2
import numpy as np
import pytest

from mmdet_mal.utils.errors import UserError
from mmdet_mal.visualization.mask_columns import read_columns, read_rows
from mmdet_mal.visualization.report.gallery import choose_rows, make_gallery
from mmdet_mal.visualization.report.mask_charts import (_score_range, class_table,
                                                        score_chart, size_table)

from ..conftest import HOSTILE


@pytest.fixture
def columns(run):
    return read_columns(str(run / 'masks.json'))


def test_columns(columns):
    assert columns.rows.tolist() == list(range(6))  # the crowd is left out
    assert columns.scores.tolist() == pytest.approx([0, .4, .5, .6, .7, .8])
    assert columns.box_areas.tolist() == [600, 3000, 600] * 2
    assert columns.is_fallback.tolist() == [True] + 5 * [False]
    assert columns.fallbacks == {'image_unreadable': 1}
    assert (columns.crowds, columns.images) == (1, 2)
    assert columns.class_name(2) == HOSTILE
    assert columns.class_name(77) == 'class 77'


@pytest.mark.parametrize('change', [
    dict(score='high'), dict(score=True), dict(score=float('nan')),
    dict(score=[]), dict(mal=7), dict(mal=None), dict(bbox=None),
    dict(bbox=[1, 2]), dict(bbox=[0, 0, -5, 5]), dict(category_id=[1]),
    dict(category_id=None), dict(image_id={})], ids=str)
def test_odd_annotations_are_carried(run, change):
    data = json.loads((run / 'masks.json').read_text())
    data['annotations'][1].update(change)
    path = run / 'odd.json'
    path.write_text(json.dumps(data))
    columns = read_columns(str(path))
    assert len(columns) == 6
    score_chart(columns), size_table(columns), class_table(columns)
    assert len(make_gallery(columns, str(run / 'photos'))) == 3


def test_two_classes_of_one_name_keep_their_ids(run):
    data = json.loads((run / 'masks.json').read_text())
    data['categories'] = [dict(id=1, name='x'), dict(id=2, name='x')]
    (run / 'masks.json').write_text(json.dumps(data))
    columns = read_columns(str(run / 'masks.json'))
    assert columns.class_names == {1: 'x (1)', 2: 'x (2)'}


def test_rows_bring_their_file_name(run):
    found = read_rows(str(run / 'masks.json'), [4, 0])
    assert {row: (ann['id'], ann['file_name']) for row, ann in found.items()} == {
        0: (1, '1.png'), 4: (5, '2.png')}


def test_file_of_boxes_is_refused(run):
    data = json.loads((run / 'masks.json').read_text())
    for ann in data['annotations']:
        ann.pop('segmentation')
    (run / 'boxes.json').write_text(json.dumps(data))
    with pytest.raises(UserError, match='none of its 6 annotations has a mask'):
        read_columns(str(run / 'boxes.json'))


def test_tables(columns):
    assert size_table(columns)[1:] == [
        ['all', '6', '0.500', '33%', '1'], ['small', '4', '0.475', '25%', '1'],
        ['medium', '2', '0.550', '50%', '0'], ['large', '0', '-', '-', '0']]
    assert class_table(columns)[1:] == [
        ['cat', '4', '0.475', '25%', '1'], [HOSTILE, '2', '0.550', '50%', '0']]
    assert class_table(columns, most=1)[2] == [
        '1 more classes', *class_table(columns)[2][1:]]


@pytest.mark.parametrize('scores, expected', [
    ([.32, .78], (.3, .8)), ([.3, .6], (.3, .6)), ([0, 1], (0, 1)),
    ([.5, .5], (.4, .6)), ([0, 0], (0, .1)), ([1., 1.], (.9, 1.1)),
    ([-3, 9], (0, 1))])
def test_histogram_shows_where_the_scores_lie(scores, expected):
    assert _score_range(np.array(scores)) == pytest.approx(expected)


def test_chart_depends_on_the_scores(columns):
    first = score_chart(columns)
    assert first == score_chart(columns)
    columns.scores[3] = .1
    assert score_chart(columns) != first
    columns.scores[:] = np.nan
    with pytest.raises(ValueError, match='no annotation has a score'):
        score_chart(columns)


@pytest.mark.parametrize('count', [0, 1, 2, 3, 4, 11, 50])
@pytest.mark.parametrize('number', [1, 6])
def test_no_mask_is_shown_twice(count, number):
    scores = np.random.default_rng(count).permutation(count) / 100
    scores = np.append(scores, np.nan)
    chosen = choose_rows(scores, number)
    places = np.concatenate(list(chosen.values()))
    assert len(set(places.tolist())) == len(places) and count not in places
    assert len(places) == min(count, 3 * min(number, max(count // 3, 1)))
    if count >= 3:
        assert scores[chosen['worst'][0]] == 0
        assert scores[chosen['best'][0]] == (count - 1) / 100
        worst, median, best = (scores[chosen[k]] for k in (
            'worst', 'median', 'best'))
        assert worst.max() < median.min() and median.max() < best.min()


def test_gallery_pictures(columns, run):
    found = make_gallery(columns, str(run / 'photos'), 2)
    assert [entry.annotation_id for entry in found['worst']] == ['1', '2']
    assert [entry.annotation_id for entry in found['best']] == ['6', '5']
    assert found['worst'][0].note == 'image_unreadable'
    assert found['worst'][1].class_name == HOSTILE
    for entries in found.values():
        for entry in entries:
            img = cv2.imdecode(np.frombuffer(entry.jpeg, np.uint8),
                               cv2.IMREAD_COLOR)
            assert max(img.shape[:2]) == 320
