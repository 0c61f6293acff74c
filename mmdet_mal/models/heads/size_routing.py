"""Which resolution a box's score map has (paper appendix A.2)."""

import torch
from torch import Tensor

# Half-open ranges of the box area in the original image, in square pixels:
# [0, 32^2) -> stride 16, [32^2, 96^2) -> stride 8, [96^2, inf) -> stride 4.
AREA_BOUNDS = (32**2, 96**2)
OUTPUT_STRIDES = (16, 8, 4)


# Route of a box that no range holds.
NO_ROUTE = -1


def route_by_area(box_areas: Tensor,
                  bounds: tuple[int, ...] = AREA_BOUNDS,
                  ranges: str = 'half_open') -> Tensor:
    """Index of the size range of each box.

    Args:
        box_areas (Tensor): (N,) areas in px² of the original image.
        bounds (tuple[int, ...]): Ascending lower bounds of the ranges after
            the first.
        ranges (str): ``'half_open'``, a range holds its lower bound (ours;
            the appendix does not say), or ``'open'``, it holds neither bound
            (released: strict inequalities).

    Returns:
        Tensor: int64 (N,), 0 for the smallest boxes; with open ranges
        ``NO_ROUTE`` for an area that equals a bound.
    """
    edges = torch.tensor(bounds, device=box_areas.device,
                         dtype=box_areas.dtype)
    routes = torch.bucketize(box_areas, edges, right=True)
    if ranges == 'open':
        routes[torch.isin(box_areas, edges)] = NO_ROUTE
    return routes
