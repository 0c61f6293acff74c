import json
import math

import numpy as np
import pytest

from mmdet_mal.evaluation.mask_iou import MaskIoUs
from mmdet_mal.evaluation.report import (class_rows, curve_rows,
                                         difference_rows, histogram_rows,
                                         markdown_table, overlap_rows, size_rows,
                                         text_table, write_report)
from mmdet_mal.evaluation.scores import labeller_scores
from mmdet_mal.utils.errors import UserError

DATA = dict(images=[dict(id=1, file_name='a|<b>.jpg')],
            categories=[dict(id=1, name='x|<script>')])


def scores(*ious, areas=(100., 2000.)):
    ious = np.array(ious)
    return labeller_scores(MaskIoUs(
        ann_ids=np.arange(len(ious)), image_ids=np.ones(len(ious), int),
        category_ids=np.ones(len(ious), int), box_areas=np.array(areas),
        ious=ious, boundary_ious=ious, missing=np.zeros(len(ious), bool)), DATA)


TWO = dict(box=scores(.4, .6), mal=scores(.7, .9))


def test_size_rows_by_hand():
    assert size_rows(TWO) == [
        ['mean IoU', 'all', '>= 32²', 'small', 'medium', 'large'],
        ['box', '0.500', '0.600', '0.400', '0.600', '-'],
        ['mal', '0.800', '0.900', '0.700', '0.900', '-'],
        ['boxes', '2', '1', '1', '1', '0']]


def test_intervals_stand_beside_the_means():
    row = size_rows(TWO, 'boundary_iou', 'show')[1]
    # One image: nothing varies.
    assert row[:3] == ['box', '0.500 (0.500 to 0.500)',
                       '0.600 (0.600 to 0.600)']
    assert row[-1] == '-'


def test_curve_and_class_rows_by_hand():
    assert curve_rows(TWO)[1:] == [['box', '0.500', '0.000', '0.000', '0.150'],
                                   ['mal', '1.000', '0.500', '0.500', '0.700']]
    assert class_rows(TWO) == [['class', 'boxes', 'box', 'mal'],
                               ['x|<script>', '2', '0.500', '0.800']]


def test_all_thresholds_are_shown_where_they_are_asked_for():
    rows = curve_rows(TWO, TWO['mal']['curve']['thresholds'])
    assert len(rows[0]) == 12 and rows[0][2] == 'IoU >= 0.55'
    assert rows[2][1:] == ['1.000'] * 5 + ['0.500'] * 4 + ['0.000', '0.700']


def test_histogram_rows_by_hand():
    rows = histogram_rows(TWO)
    assert rows[0][:3] == ['masks with IoU from', '0.0', '0.1']
    assert rows[1][1:] == list('0000101000')
    assert rows[2][1:] == list('0000000101')


def test_difference_and_overlap_rows_by_hand():
    entry = dict(difference=.3, low=-.1, high=.5)
    sizes = dict.fromkeys(('all', 'ge32', 'small', 'medium'), entry)
    nothing = dict.fromkeys(entry, math.nan)
    assert difference_rows(dict(box=dict(sizes, large=nothing)), 'mal') == [
        ['mal less …', 'all', '>= 32²', 'small', 'medium', 'large'],
        ['box', *['+0.300 (-0.100 to +0.500)'] * 4, '-']]
    assert difference_rows(dict(box=sizes), 'mal', ('all', ))[0] == [
        'mal less …', 'all']
    assert overlap_rows(TWO) == [
        ['covered by a neighbour', 'below 5 %', '5 to 50 %', '50 % and more'],
        ['box', '0.500 (0.500 to 0.500)', '-', '-'],
        ['mal', '0.800 (0.800 to 0.800)', '-', '-'], ['boxes', '2', '0', '0']]


def test_markdown_has_a_rule_below_the_heading_and_escapes_names():
    lines = markdown_table([['a', 'b'], ['x|<script>\n', '1']]).splitlines()
    assert lines == ['| a | b |', '| --- | ---: |', '| x\\|&lt;script> | 1 |']


def test_text_shows_every_labeller():
    text = text_table(size_rows(TWO))
    assert 'box' in text and 'mal' in text


def test_report_is_json_without_nan_and_markdown(tmp_path):
    out = tmp_path / 'new' / 'scores.json'
    markdown = write_report(str(out), TWO, 'mal', dict(human='h.json'),
                            [['masks', 'AP'], ['MAL', '35.0']],
                            dict(box={size: dict(difference=.3, low=.2, high=.4)
                                      for size in TWO['box']['sizes']}),
                            ['a|b <i>.png'])
    content = json.loads(out.read_text(), parse_constant=pytest.fail)
    assert content['human'] == 'h.json'
    assert content['retention'] == [['masks', 'AP'], ['MAL', '35.0']]
    assert content['differences']['box']['all']['low'] == .2
    assert content['scores']['mal']['sizes']['large']['miou'] is None
    assert content['scores']['mal']['sizes']['small']['miou'] == .7
    text = open(markdown).read()
    for part in ('## Mean IoU by area', '## Boundary IoU', '## Share of masks',
                 '| MAL | 35.0 |', '## Mean IoU by class', 'IoUs of mal',
                 '# mal beside human masks', 'human: h.json', '## Histogram',
                 '(a%7Cb%20%3Ci%3E.png)', '+0.300 (+0.200 to +0.400)',
                 'that one other box covers'):
        assert part in text
    assert not any(tag in text for tag in ('<script', '<b>', '<i>'))
    assert sorted(path.name for path in out.parent.iterdir()) == [
        'scores.json', 'scores.md']


def test_labellers_scored_on_different_boxes_are_refused():
    other = scores(.5, areas=(100., ))
    with pytest.raises(ValueError, match='different boxes'):
        size_rows(dict(TWO, other=other))
    with pytest.raises(ValueError, match='no scores'):
        size_rows({})


def test_no_boxes_at_all_still_make_a_report(tmp_path):
    empty = scores(areas=())
    assert math.isnan(empty['curve']['mean'])
    write_report(str(tmp_path / 's.json'), dict(mal=empty), 'mal', {})
    assert json.loads((tmp_path / 's.json').read_text())[
        'scores']['mal']['curve']['mean'] is None


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(UserError, match='cannot write the scores'):
        write_report(str(tmp_path / 'file' / 'scores.json'), TWO, 'mal', {})
