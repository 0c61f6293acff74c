"""Rectangles of the crop as masks on the grid of the scores."""

import torch
from torch import Tensor


def rectangle_mask(boxes: Tensor, size: tuple[int, int],
                   stride: int) -> Tensor:
    """Grid cells whose centre lies inside the rectangle.

    Args:
        boxes (Tensor): (N, 4) xyxy in crop pixels.
        size (tuple[int, int]): Height and width of the grid.
        stride (int): Crop pixels per grid cell.

    Returns:
        Tensor: bool (N, height, width).
    """
    ys, xs = ((torch.arange(side, device=boxes.device) + 0.5) * stride
              for side in size)
    x0, y0, x1, y1 = boxes[:, :, None].unbind(dim=1)
    rows = (ys >= y0) & (ys < y1)
    cols = (xs >= x0) & (xs < x1)
    return rows[:, :, None] & cols[:, None, :]
