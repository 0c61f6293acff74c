"""Rectangles on grids: which cells they cover."""
import pytest
import torch

from mmdet_mal.models.box_geometry import (covered_cells, map_stride,
                                           rectangle_mask)
from mmdet_mal.utils.errors import UserError


def cells(box, grid=(4, 4), crop=(64, 64)):
    mask = covered_cells(torch.tensor([box], dtype=torch.float32), grid, crop)
    return [tuple(cell) for cell in mask[0].nonzero().tolist()]


@pytest.mark.parametrize('box, expected', [
    pytest.param((16, 32, 48, 48), [(2, 1), (2, 2)], id='whole cells'),
    pytest.param((7, 0, 16, 16), [(0, 0)], id='more than half'),
    pytest.param((8, 0, 32, 16), [(0, 1)], id='half is not enough'),
    pytest.param((16, 16, 28, 28), [(1, 1)], id='.75 x .75'),
    pytest.param((14, 4, 18, 8), [(0, 0), (0, 1)], id='between two cells'),
    pytest.param((3, 3, 4, 4), [(0, 0)], id='a point in a cell'),
    pytest.param((31.9, 0, 32.1, 64),
                 [(0, 1), (0, 2), (1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2)],
                 id='a line between columns'),
])
def test_cells_covered_by_more_than_half_else_all_that_are_touched(box, expected):
    assert cells(box) == expected


def test_height_and_width_are_not_mixed_up():
    assert cells((16, 0, 32, 8), grid=(8, 2), crop=(64, 32)) == [(0, 1)]


def test_each_rectangle_is_judged_by_itself():
    boxes = torch.tensor([[0., 0., 64., 64.], [3., 3., 4., 4.]])
    mask = covered_cells(boxes, (4, 4), (64, 64))
    assert mask[0].all() and mask[1].sum() == 1


def test_a_cell_of_the_fine_grid_counts_by_its_centre():
    boxes = torch.tensor([[2., 6., 10.1, 10.]])
    expected = torch.zeros(1, 4, 4, dtype=torch.bool)
    expected[0, 1, :3] = True
    # Centres at 2, 6, 10 and 14.
    assert torch.equal(rectangle_mask(boxes, (4, 4), 4), expected)


@pytest.mark.parametrize('crop, grid, stride', [
    ((64, 96), (16, 24), 4), ((66, 64), (16, 16), 4), ((8, 8), (8, 8), 1)])
def test_a_map_has_one_stride_along_both_sides(crop, grid, stride):
    assert map_stride(crop, grid) == stride


@pytest.mark.parametrize('crop, grid', [
    ((64, 96), (16, 16)), ((8, 8), (16, 16)), ((64, 7), (16, 1)), ((64, 2), (16, 0))])
def test_maps_that_do_not_fit_their_crops_are_refused(crop, grid):
    with pytest.raises(UserError, match='px a cell downwards'):
        map_stride(crop, grid)
