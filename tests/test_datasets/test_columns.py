"""Columnar tables."""

import numpy as np
import pytest

from mmdet_mal.datasets import build_columns
from mmdet_mal.datasets.columns import subset_positions


def test_columns_hold_what_the_file_says(data, annotation):
    columns, images, faults = build_columns(data([
        annotation(11, image_id=2, category_id=3, bbox=(1, 2, 30, 40)),
        annotation(-4, image_id=1, bbox=(5, 6, 7.5, 8), iscrowd=1),
    ]))
    assert not faults and len(columns) == 2 and len(images) == 3
    assert columns.ann_ids.tolist() == [11, -4]
    assert columns.image_index.tolist() == [1, 0]
    assert columns.bboxes.tolist() == [[1, 2, 31, 42], [5, 6, 12.5, 14]]
    assert columns.bboxes.dtype == np.float32
    assert columns.areas.tolist() == [1200, 60]
    assert columns.labels.tolist() == [1, 0]  # in order of category id
    assert columns.category_ids.tolist() == [3, 1]
    assert columns.iscrowd.tolist() == [False, True]
    assert not columns.faulty.any()
    assert images.shape(1) == (120, 160)


def test_a_box_takes_at_most_32_bytes(data, annotation):
    columns, _, _ = build_columns(data([annotation(i) for i in range(1000)]))
    assert columns.nbytes / len(columns) <= 32


def test_take_keeps_rows_together(data, annotation):
    columns, _, _ = build_columns(
        data([annotation(i, image_id=i % 3 + 1) for i in range(9)]))
    part = columns.take(np.array([8, 2]))
    assert part.ann_ids.tolist() == [8, 2]
    assert part.image_index.tolist() == [2, 2]
    assert len(columns.take(columns.ann_ids > 5)) == 3


def test_keep_drops_rows_in_place(data, annotation):
    columns, _, _ = build_columns(
        data([annotation(i, image_id=i % 3 + 1) for i in range(9)]))
    expected = columns.take(np.array([1, 4]))
    columns.keep(np.isin(columns.ann_ids, [1, 4]))
    for name in ('ann_ids', 'image_index', 'boxes_xywh', 'labels', 'flags'):
        assert (getattr(columns, name) == getattr(expected, name)).all()
    assert columns.nbytes == 2 * 31


def test_more_classes_than_int16_holds(data, annotation):
    table = data([annotation(1, category_id=40000)])
    table['categories'] = [
        {'id': i, 'name': str(i)} for i in range(1, 40001)]
    columns, _, faults = build_columns(table)
    assert not faults and columns.category_ids.tolist() == [40000]


def test_float32_edges_of_thin_boxes_stay_apart(data, annotation):
    table = data([annotation(1, bbox=(60000.003, 0, .011, 5))],
                 size=(100, 65536))
    columns, _, faults = build_columns(table)
    assert not faults
    x0, _, x1, _ = columns.bboxes[0]
    assert x1 > x0


@pytest.mark.parametrize('indices, positions', [
    (2, [0, 1]), (-2, [3, 4]), (0, []), ([4, 0], [4, 0]), ([-1], [4]),
    (np.array([1]), [1]), ([], []),
])
def test_subset_positions(indices, positions):
    assert subset_positions(indices, 5, 'raise').tolist() == positions


def test_subset_positions_beyond_the_end():
    assert subset_positions(9, 5, excess='all').tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(IndexError, match='9 samples was asked for'):
        subset_positions(9, 5, excess='raise')
    with pytest.raises(IndexError, match='between -5 and 4, found 0 to 7'):
        subset_positions([0, 7], 5, excess='all')


def test_reorder_permutes_every_column_like_take(data, annotation):
    columns, _, _ = build_columns(data([
        annotation(i, image_id=1 + i % 3, bbox=(i, 2 * i, 5 + i, 6),
                   iscrowd=i % 2) for i in range(7)]))
    order = np.array([3, 0, 6, 1, 5, 2, 4])
    expected = columns.take(order)
    columns.reorder(order)
    for name in ('ann_ids', 'image_index', 'boxes_xywh', 'labels', 'flags'):
        np.testing.assert_array_equal(getattr(columns, name),
                                      getattr(expected, name), err_msg=name)
    assert columns.boxes_xywh.flags.c_contiguous
