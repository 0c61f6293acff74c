"""Judgement, repair and conversion of single boxes."""

import pytest

from mmdet_mal.doctor.bbox_rules import FormatEvidence, judge_bbox

SIZE = (160, 120)  # width, height


def _kinds(problems):
    return [kind for kind, _, _ in problems]


@pytest.mark.parametrize('bbox', [
    [0, 0, 100, 50], [10.25, 5, 32, 32.5], [-.4, 0, 100, 50],
    [100, 0, 60.5, 100], [0, 0, 160, 119]])
def test_a_sound_box_is_returned_itself(bbox):
    result, problems = judge_bbox(bbox, *SIZE)
    assert result is bbox and problems == []


@pytest.mark.parametrize('bbox, kinds, repaired', [
    ([-10, 0, 50, 50], ['bbox_clipped'], [0, 0, 40, 50]),
    ([100, 100, 100, 100], ['bbox_clipped'], [100, 100, 60, 20]),
    ([-.6, 0., 50., 50.], ['bbox_clipped'], [0, 0, 49.4, 50]),
    ([50, 50, -20, -10], ['bbox_reversed'], [30, 40, 20, 10]),
    ([50, 50, -70, 10], ['bbox_reversed', 'bbox_clipped'], [0, 50, 50, 10]),
    ([-50, 50, -70, 10], ['bbox_reversed', 'bbox_outside'], None),
    (['5', '6', '7', '-8'], ['bbox_text', 'bbox_reversed', 'bbox_clipped'],
     [5, 0, 7, 6]),
    ([-5, -5, 300, 300], ['bbox_clipped', 'bbox_whole_image'], [0, 0, 160, 120]),
    ([159.5, 0, 20, 50], ['bbox_clipped', 'bbox_subpixel'], [159.5, 0, .5, 50]),
    ([1e308, 0, 1e308, 50], ['bbox_outside'], None),
    ([5, 5, .005, 9], ['bbox_zero'], None),
])
def test_repairs_follow_each_other(bbox, kinds, repaired):
    result, problems = judge_bbox(bbox, *SIZE)
    assert _kinds(problems) == kinds
    assert result == (pytest.approx(repaired) if repaired else None)
    if result is not None:
        again, problems = judge_bbox(result, *SIZE)
        assert again is result
        assert all(fix == 'left' for _, fix, _ in problems)


def test_whole_pixels_stay_whole():
    result, _ = judge_bbox([-10, 0, 50, 50], *SIZE)
    assert [type(value) for value in result] == [int] * 4


def test_without_a_size_nothing_is_outside():
    bbox = [5000, 5000, 9, 9]
    assert judge_bbox(bbox, 0, 0) == (bbox, [])


def _suspicion(boxes):
    evidence = FormatEvidence()
    for box in boxes:
        evidence.add(box, *SIZE)
    return (evidence.suspicion() or [None])[0]


CORNERS = [[40 + i, 50, 100 + i, 110] for i in range(20)]


@pytest.mark.parametrize('boxes, kind', [
    pytest.param(CORNERS, 'bbox_xyxy', id='corners'),
    pytest.param(CORNERS[:9], None, id='too_few'),
    pytest.param(CORNERS + [[50, 50, 20, 20]], None, id='one_is_xywh'),
    pytest.param([[10, 10, 20 + i, 30] for i in range(20)], None,
                 id='fit_either_way'),
    pytest.param([[90, 80, 60 + i, 30] for i in range(20)], None,
                 id='xywh_that_stick_out'),
    pytest.param([[.1, .2, .3, .04 * i] for i in range(20)], 'bbox_normalised',
                 id='fractions'),
    pytest.param([[0, 0, 1.5, 1]] * 20, None, id='tiny_pixels'),
])
def test_formats_are_suspected_on_strong_evidence_only(boxes, kind):
    assert _suspicion(boxes) == kind
