import numpy as np
import pytest

from mmdet_mal.evaluation.neighbours import neighbour_cover, overlap_ranges


def box(ann_id, bbox, image=1, **more):
    return dict(id=ann_id, image_id=image, bbox=bbox, **more)


def cover(*annotations):
    return neighbour_cover(dict(annotations=list(annotations)))


def test_the_share_is_that_of_the_box_itself():
    found = cover(box(1, [0, 0, 10, 10]), box(2, [5, 0, 20, 10]))
    assert found == pytest.approx({1: .5, 2: .25})


def test_the_neighbour_that_covers_most_counts():
    found = cover(box(1, [0, 0, 10, 10]), box(2, [8, 0, 5, 10]),
                  box(3, [0, 0, 7, 10]))
    assert found[1] == pytest.approx(.7)


def test_other_images_crowds_and_touching_borders_cover_nothing():
    found = cover(box(1, [0, 0, 10, 10]), box(2, [0, 0, 10, 10], image=2),
                  box(3, [0, 0, 10, 10], iscrowd=1), box(4, [10, 0, 10, 10]))
    assert found == {1: 0, 2: 0, 4: 0}


def test_two_equal_boxes_cover_each_other():
    found = cover(box(1, [3, 3, 4, 4]), box(2, [3, 3, 4, 4]))
    assert found == pytest.approx({1: 1, 2: 1})


def test_each_box_is_in_one_range_and_borders_belong_to_the_upper_one():
    covers = np.array([0, .049, .05, .499, .5, 1.])
    chosen = dict(overlap_ranges(covers))
    assert sum(part.astype(int) for part in chosen.values()).tolist() == [1] * 6
    assert chosen['touched'].tolist() == [0, 0, 1, 1, 0, 0]
