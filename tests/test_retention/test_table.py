import json

import cv2
import pytest

from mmdet_mal.retention.table import RetentionTable, write_table


def table(**changes):
    return RetentionTable(**{**dict(
        human=dict(AP=.4, AP50=.6, APs=0.),
        others={'MAL': dict(AP=.3, AP50=.6, APs=.1), 'box': dict(AP=.1, AP50=.45)},
        mask_iou=dict(human=1., MAL=.7)), **changes})


def test_the_papers_table_by_hand():
    assert table().rows() == [
        ['masks', 'mask IoU', 'AP', 'AP50', 'APs', 'retention %'],
        ['MAL', '0.700', '30.0', '60.0', '10.0', '75.0'],
        ['box', '-', '10.0', '45.0', '-', '25.0'],
        ['human', '1.000', '40.0', '60.0', '0.0', '100.0']]
    # Nothing can be kept of nothing.
    assert table().retention_rows() == [
        ['retention %', 'AP', 'AP50', 'APs'],
        ['MAL', '75.0', '100.0', '-'], ['box', '25.0', '75.0', '-']]


def test_without_human_masks_there_is_no_retention():
    rows = table(human={}, mask_iou={}).rows()
    assert [row[-1] for row in rows] == ['retention %', '-', '-']
    assert len(rows) == 3


def test_files(tmp_path):
    hostile = {'a $x$ | <b>': dict(AP=.1)}
    paths = write_table(tmp_path / 'new' / 'table', table(
        others=hostile, notes=['one | <script>'], details=dict(seed=3)))
    content = json.loads((tmp_path / 'new' / 'table.json').read_text())
    assert content['seed'] == 3 and content['human']['ap']['AP'] == .4
    assert content['masks']['a $x$ | <b>']['retention']['AP'] == pytest.approx(.25)
    text = (tmp_path / 'new' / 'table.md').read_text()
    assert '<script>' not in text and '<b>' not in text and '&lt;b>' in text
    assert cv2.imread(paths[2]) is not None


def test_a_table_without_any_result_is_written(tmp_path):
    write_table(tmp_path / 'table', table(human={}, others={}))
    assert json.loads((tmp_path / 'table.json').read_text())['human'] is None


def test_an_ap_that_means_nothing_is_remarked():
    assert table().remarks() == []
    assert 'noise' in table(human=dict(AP=.002)).remarks()[0]
