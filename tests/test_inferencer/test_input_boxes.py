"""Boxes of a call: what is refused, and how it is named."""

import numpy as np
import pytest

from mmdet_mal.inferencer.errors import InferenceInputError
from mmdet_mal.inferencer.input_boxes import check_boxes, clip_boxes, pair_inputs

GOOD = [0, 0, 5, 5]


@pytest.mark.parametrize(('boxes', 'message'), [
    ([GOOD, [0, 0, np.nan, 5]], r'bboxes\[3\]\[1\].*not finite'),
    ([[0, 0, np.inf, 5]], r'bboxes\[3\]\[0\].*not finite'),
    ([GOOD, GOOD, [9, 0, 5, 5]], r'bboxes\[3\]\[2\].*no area.*xywh\?'),
    ([[0, 0, 5, .001]], r'bboxes\[3\]\[0\].*no area'),
    (GOOD, r'bboxes\[3\].*\(4,\).*into a list'),
    ([[0, 0, 5]], r'bboxes\[3\].*\(1, 3\)'),
    ([GOOD, [1, 2]], r'bboxes\[3\].*numbers of shape'),
    ([['a', 'b', 'c', 'd']], r'bboxes\[3\].*numbers'),
    ([[True] * 4], r'bboxes\[3\].*bool'),
    (None, r'bboxes\[3\].*object'),
    ('0,0,5,5', r'bboxes\[3\].*numbers'),
], ids=['nan', 'inf', 'reversed', 'zero', 'single', 'three', 'ragged', 'text',
        'bool', 'none', 'string'])
def test_a_bad_box_is_named_by_its_index(boxes, message):
    with pytest.raises(InferenceInputError, match=message):
        check_boxes(boxes, 'xyxy', 3)


def test_it_is_a_value_error_for_those_who_catch_such():
    with pytest.raises(ValueError, match='bbox_format'):
        check_boxes([GOOD], 'cxcywh', 0)


def test_both_formats_mean_the_same_box_and_the_argument_stays():
    corners = np.array([[1, 2, 4, 8]])
    assert check_boxes(corners, 'xyxy', 0).tolist() == [[1, 2, 3, 6]]
    assert corners.tolist() == [[1, 2, 4, 8]]
    assert check_boxes([[1, 2, 3, 6]], 'xywh', 0).tolist() == [[1, 2, 3, 6]]
    assert check_boxes([], 'xywh', 0).shape == (0, 4)


def test_boxes_are_clipped_and_one_outside_is_named():
    columns = clip_boxes(np.array([[-2., 1, 6, 30]]), (20, 10), 0)
    assert columns.boxes_xywh.tolist() == [[0, 1, 4, 19]]
    with pytest.raises(InferenceInputError,
                       match=r'bboxes\[7\]\[1\].*outside.*10 x 20 px'):
        clip_boxes(np.array([[0., 0, 2, 2], [11, 0, 3, 3]]), (20, 10), 7)


@pytest.mark.parametrize(('inputs', 'boxes', 'message'), [
    ('a.jpg', None, 'none given'),
    (['a.jpg', 'b.jpg'], [[GOOD]], '1 lists of boxes for 2 images'),
    (['a.jpg'], np.zeros((1, 1, 4)), 'found a ndarray'),
])
def test_images_and_boxes_that_do_not_go_together(inputs, boxes, message):
    with pytest.raises(InferenceInputError, match=message):
        pair_inputs(inputs, boxes)
