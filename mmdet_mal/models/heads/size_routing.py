"""Which resolution a box's score map has (paper appendix A.2)."""

import torch
from torch import Tensor

# Half-open ranges of the box area in the original image, in square pixels:
# [0, 32^2) -> stride 16, [32^2, 96^2) -> stride 8, [96^2, inf) -> stride 4.
AREA_BOUNDS = (32**2, 96**2)
OUTPUT_STRIDES = (16, 8, 4)


def route_by_area(box_areas: Tensor,
                  bounds: tuple[int, ...] = AREA_BOUNDS) -> Tensor:
    """Index of the size range of each box.

    Args:
        box_areas (Tensor): (N,) areas in px² of the original image.
        bounds (tuple[int, ...]): Ascending lower bounds of the ranges after
            the first; a range holds its lower bound.

    Returns:
        Tensor: int64 (N,), 0 for the smallest boxes.
    """
    edges = torch.tensor(bounds, device=box_areas.device,
                         dtype=box_areas.dtype)
    return torch.bucketize(box_areas, edges, right=True)
