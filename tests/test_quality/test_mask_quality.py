"""From components to the score."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdet_mal.quality import MaskQuality
from mmdet_mal.quality.features import ALWAYS, OPTIONAL
from mmdet_mal.quality.model import CalibrationError

# About what the shipped labeller says of a middling mask.
COMPONENTS = dict(
    raw_mask_score=.98, stability=.91, sharpness=.9, entropy=.17, map_fill=.68,
    box_fill=.64, tightness=.5, spill=.05, flip_iou=.93, student_teacher_iou=.96,
    refine_iou=.96, box_overlap=.3)
unit = st.floats(0, 1)


def test_without_a_calibration_the_score_is_that_of_the_raw_map():
    quality = MaskQuality()
    assert quality(dict(mask_score=.99, raw_mask_score=.7)) == .7
    # A labeller that gives bare maps.
    assert quality(dict(mask_score=.9)) == .9


@pytest.mark.parametrize('calibration', [None, 'coco_mini'])
def test_a_fallback_scores_0(calibration):
    components = dict(COMPONENTS, mask_score=0., fallback='empty_mask')
    assert MaskQuality(calibration)(components) == 0


def test_a_calibration_falls_back_to_fewer_components():
    quality = MaskQuality('coco_mini')
    scores = {quality({name: value for name, value in COMPONENTS.items()
                       if name not in left_out})
              for left_out in ((), OPTIONAL, ('refine_iou', ), ('spill', ))}
    assert len(scores) == 4 and all(.5 < score < .9 for score in scores)


def test_a_calibration_without_what_it_needs_says_so():
    with pytest.raises(CalibrationError, match='coco_mini: needs raw_mask_score'):
        MaskQuality('coco_mini')(dict(mask_score=.9, box_fill=.5, tightness=1.))


def test_spill_lowers_the_score():
    quality = MaskQuality('coco_mini')
    good, bad = (quality(dict(COMPONENTS, spill=spill)) for spill in (0., .3))
    assert good > bad


@settings(max_examples=100, deadline=None)
@given(st.fixed_dictionaries(dict.fromkeys(ALWAYS, unit),
                             optional=dict.fromkeys(OPTIONAL, unit)))
def test_every_score_lies_between_0_and_1(components):
    for calibration in (None, 'coco_mini'):
        score = MaskQuality(calibration)(dict(components, mask_score=.5))
        assert 0 <= score <= 1
