"""Share of a box that its neighbours cover."""

import numpy as np
import pytest

from mmdet_mal.datasets.box_overlap import box_overlaps, image_rows
from mmdet_mal.datasets.columns import BoxColumns


def columns(boxes, image_index):
    table = BoxColumns.empty(len(boxes), np.array([1]))
    table.boxes_xywh[:] = boxes
    table.image_index[:] = image_index
    return table


@pytest.mark.parametrize('others, expected', [
    pytest.param([], 0, id='alone'),
    pytest.param([[100, 100, 8, 8]], 0, id='elsewhere'),
    pytest.param([[8, 0, 8, 8]], 0, id='touching'),
    pytest.param([[0, 0, 4, 8]], .5, id='half'),
    pytest.param([[4, 4, 8, 8]], .25, id='a quarter'),
    pytest.param([[0, 0, 4, 8], [0, 0, 4, 8]], .5, id='twice is once'),
    pytest.param([[0, 0, 4, 8], [4, 0, 9, 4]], .75, id='two that join'),
    pytest.param([[-5, -5, 50, 50]], 1, id='all of it')])
def test_share_that_is_covered(others, expected):
    boxes = [[0, 0, 8, 8], *others]
    share, = box_overlaps(columns(boxes, 0), 0, 1)
    assert share == expected


def test_crowd_regions_of_the_image_count():
    boxes = columns([[0, 0, 8, 8]] * 3, [5, 2, 9])
    crowds = columns([[0, 0, 8, 2], [0, 0, 4, 8], [4, 0, 4, 4]], [1, 5, 5])
    assert box_overlaps(boxes, 0, 3, crowds).tolist() == [.75, 0, 0]


def test_boxes_of_other_images_do_not_count_and_chunks_may_cut_an_image():
    # Image 7 has three equal boxes, image 3 one, image 5 two.
    boxes = columns([[0, 0, 8, 8]] * 5 + [[0, 0, 8, 2]], [7, 7, 7, 3, 5, 5])
    whole = box_overlaps(boxes, 0, 6)
    assert whole.tolist() == [1, 1, 1, 0, .25, 1]
    cut = np.concatenate([box_overlaps(boxes, first, last)
                          for first, last in ((0, 2), (2, 5), (5, 6))])
    assert cut.tolist() == whole.tolist()


def test_agrees_with_pixels():
    rng = np.random.default_rng(0)
    boxes = np.c_[rng.integers(0, 64, (40, 2)), np.full((40, 2), 32)]
    shares = box_overlaps(columns(boxes, 0), 0, 40)
    for target, (x, y, w, h) in enumerate(boxes):
        canvas = np.zeros((100, 100), bool)
        for other, (ox, oy, ow, oh) in enumerate(boxes):
            if other != target:
                canvas[oy:oy + oh, ox:ox + ow] = True
        assert shares[target] == canvas[y:y + h, x:x + w].mean()


def test_rows_of_an_image_are_found_however_many():
    counts = {4: 1, 9: 2500, 2: 3, 8: 1024}
    index = np.repeat(list(counts), list(counts.values()))
    start = 0
    for count in counts.values():
        for row in {start, start + count // 2, start + count - 1}:
            assert image_rows(index, row) == (start, start + count)
        start += count
