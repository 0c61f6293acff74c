import numpy as np
import pytest

from mmdet_mal.structures.rle import bbox_rle
from mmdet_mal.visualization.mask_view import MASK_COLOUR, mask_view, on_square

GREY = np.full((40, 60, 3), 100, np.uint8)


def test_mask_is_painted_where_it_lies_and_nowhere_else():
    # The box with 40 % of its half-size around it: 7 to 33 by 6 to 24 px; at 5
    # times the size the mask of 10..20 x 10..20 is at 15..65 x 20..70.
    view = mask_view(GREY, [10, 9, 20, 12], bbox_rle([10, 10, 20, 20], (40, 60)),
                     size=5 * 28, box='hide')
    scale = 140 / 28
    assert view.shape[1] == 140
    left, top = 10 - 4, 9 - 3  # ceil of .4 * half the size, outwards
    centre = view[round((15 - top) * scale), round((15 - left) * scale)]
    expected = .55 * 100 + .45 * np.array(MASK_COLOUR)
    assert np.abs(centre - expected).max() <= 1
    assert (view[round((15 - top) * scale), round((27 - left) * scale)]
            == 100).all()


def test_box_is_drawn_unless_hidden():
    hidden = mask_view(GREY, [10, 10, 20, 20], box='hide')
    assert (hidden == 100).all()
    assert (mask_view(GREY, [10, 10, 20, 20]) != 100).any()


@pytest.mark.parametrize('bbox', [[0, 0, 60, 40], [55, 35, 30, 30], [3, 3, 1, 1],
                                  [-5, -5, 20, 20], [10.5, 3.2, .4, 30]])
@pytest.mark.parametrize('size', [20, 333])
def test_boxes_of_any_place_and_shape(bbox, size):
    view = mask_view(GREY, bbox, bbox_rle([0, 0, 60, 40], (40, 60)), size)
    assert max(view.shape[:2]) == size and view.dtype == np.uint8
    assert (GREY == 100).all()


def test_polygons_are_masks_too():
    polygon = [[10, 10, 20, 10, 20, 20, 10, 20]]
    assert np.array_equal(
        mask_view(GREY, [10, 10, 10, 10], polygon),
        mask_view(GREY, [10, 10, 10, 10], bbox_rle([10, 10, 20, 20], (40, 60))))


@pytest.mark.parametrize('bbox, mask', [
    ([70, 10, 5, 5], None), ([10, 10, 0, 5], None), ([0, 0, float('nan'), 5], None),
    ([10, 10, 5, 5], bbox_rle([0, 0, 5, 5], (10, 10)))],
    ids=['outside', 'empty', 'nan', 'other size'])
def test_what_cannot_be_shown(bbox, mask):
    with pytest.raises(ValueError):
        mask_view(GREY, bbox, mask)


def test_square_keeps_the_picture_in_its_middle():
    square = on_square(np.zeros((4, 10, 3), np.uint8), 10)
    assert (square[3:7] == 0).all() and (square[:3] == 255).all()
