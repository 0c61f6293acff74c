import json

import numpy as np
import pytest

from mmdet_mal.evaluation.mask_iou import summarise_arrays
from mmdet_mal.evaluation.report import (markdown_table, table_rows, text_table,
                                         write_report)
from mmdet_mal.utils.errors import UserError

AREAS = np.array([100., 2000.])
SCORES = dict(box=summarise_arrays(np.array([.4, .6]), AREAS),
              mal=summarise_arrays(np.array([.7, .9]), AREAS))


def test_rows_by_hand():
    assert table_rows(SCORES) == [
        ['mean IoU', 'all', '>= 32²', 'small', 'medium', 'large'],
        ['box', '0.500', '0.600', '0.400', '0.600', '-'],
        ['mal', '0.800', '0.900', '0.700', '0.900', '-'],
        ['boxes', '2', '1', '1', '1', '0']]


def test_markdown_has_a_rule_below_the_heading():
    lines = markdown_table(SCORES).splitlines()
    assert lines[1] == '| --- | ---: | ---: | ---: | ---: | ---: |'
    assert len(lines) == 5


def test_text_shows_every_labeller():
    assert 'box' in text_table(SCORES) and 'mal' in text_table(SCORES)


def test_report_is_json_without_nan_and_markdown(tmp_path):
    out = tmp_path / 'new' / 'scores.json'
    markdown = write_report(str(out), SCORES, dict(human='h.json'))
    content = json.loads(out.read_text())
    assert content['human'] == 'h.json'
    assert content['scores']['mal']['large'] == dict(n=0, miou=None)
    assert content['scores']['mal']['small']['miou'] == pytest.approx(.7)
    assert open(markdown).read() == markdown_table(SCORES)
    assert sorted(path.name for path in out.parent.iterdir()) == [
        'scores.json', 'scores.md']


def test_labellers_scored_on_different_boxes_are_refused():
    other = summarise_arrays(np.array([.5]), np.array([100.]))
    with pytest.raises(ValueError, match='different boxes'):
        table_rows(dict(SCORES, other=other))
    with pytest.raises(ValueError, match='no scores'):
        table_rows({})


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(UserError, match='cannot write the scores'):
        write_report(str(tmp_path / 'file' / 'scores.json'), SCORES, {})
