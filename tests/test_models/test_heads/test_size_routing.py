"""Ranges of the box area."""
import pytest
import torch

from mmdet_mal.models.heads.size_routing import NO_ROUTE, route_by_area


@pytest.mark.parametrize('area, route', [
    (0., 0), (1023.9, 0), (1024., 1), (9215.9, 1), (9216., 2), (1e9, 2),
], ids=str)
def test_ranges_are_half_open(area, route):
    assert route_by_area(torch.tensor([area])).item() == route


@pytest.mark.parametrize('area, route', [
    (1023.9, 0), (1024., NO_ROUTE), (1024.1, 1), (9215.9, 1),
    (9216., NO_ROUTE), (9216.1, 2)], ids=str)
def test_open_ranges_hold_no_bound(area, route):
    areas = torch.tensor([area])
    assert route_by_area(areas, ranges='open').item() == route
