"""How a score is judged, by hand."""

import numpy as np
import pytest

from mmdet_mal.quality.report import (
    curve_rows,
    report_head,
    report_row,
    score_report,
)

IOUS = np.arange(1, 11) / 10


def test_a_perfect_score():
    report = score_report(IOUS, IOUS)
    assert report['spearman'] == 1 and report['mean_iou'] == .55
    # Without .1: mean .6; without .1, .2: .65; without .1, .2, .3: .7.
    assert report['gains'] == {'10%': .05, '20%': .1, '30%': .15}
    assert report['gains'] == report['best_gains']
    assert report['mean_error'] == report['curve_error'] == 0


def test_a_score_that_is_wrong_way_round():
    report = score_report(1 - IOUS, IOUS)
    assert report['spearman'] == -1
    assert report['gains'] == {'10%': -.05, '20%': -.1, '30%': -.15}
    assert report['best_gains']['30%'] == .15


def test_curve_has_bins_of_equally_many_masks():
    scores = np.repeat([.2, .8], 10)
    ious = np.tile([.4, .6], 10)
    curve = score_report(scores, ious)['curve']
    assert [part['masks'] for part in curve] == [2] * 10
    assert [part['score'] for part in curve] == [.2] * 5 + [.8] * 5
    assert {part['iou'] for part in curve} == {.5}
    report = score_report(scores, ious)
    assert report['curve_error'] == pytest.approx(.3)
    assert report['mean_error'] == pytest.approx(.3)
    assert report['spearman'] == 0


@pytest.mark.parametrize('scores, ious', [
    pytest.param([.5], [.7], id='one mask'),
    pytest.param([.5, .5], [.7, .8], id='equal scores')])
def test_no_rank_correlation_is_none_and_shown_as_a_dash(scores, ious):
    report = score_report(np.array(scores), np.array(ious))
    assert report['spearman'] is None
    row = report_row('x', report)
    assert row[:2] == ['x', '-'] and len(row) == len(report_head())


def test_rows_of_the_curve():
    rows = curve_rows(score_report(IOUS, IOUS))
    assert len(rows) == 11 and rows[1] == ['1', '0.100', '0.100']
