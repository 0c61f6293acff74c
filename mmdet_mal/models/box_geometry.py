"""Rectangles of the crop as masks on the grid of the scores."""

import torch
from torch import Tensor

from mmdet_mal.utils.setting_error import SettingError


def map_stride(crop_size: tuple[int, int], map_size: tuple[int, int]) -> int:
    """Crop pixels per cell of a map, the same along both sides.

    A crop need not be square.  Where a side is no multiple of the stride, its
    last pixels belong to no cell.

    Args:
        crop_size (tuple[int, int]): Height and width of the crop in px.
        map_size (tuple[int, int]): Height and width of the map.

    Returns:
        int: At least 1.

    Raises:
        SettingError: If the two sides have different strides, or the map is
            larger than the crop.
    """
    down, across = (side // max(cells, 1)
                    for side, cells in zip(crop_size, map_size, strict=True))
    if down != across or not down:
        raise SettingError(
            f'maps of {tuple(map_size)} for crops of {tuple(crop_size)} px have '
            f'{down} px a cell downwards and {across} across, expected the same '
            'for both: take crops of at least 32 px a side, in multiples of 4 px')
    return down


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


def covered_cells(boxes: Tensor, grid: tuple[int, int],
                  crop_size: tuple[int, int]) -> Tensor:
    """Cells of a coarse grid that a rectangle covers by more than half.

    A rectangle that covers no cell so far keeps all cells that it touches: a
    thin box must not vanish between tokens.

    Args:
        boxes (Tensor): (N, 4) xyxy in crop pixels, of positive size within
            the crop.
        grid (tuple[int, int]): Height and width of the grid.
        crop_size (tuple[int, int]): Height and width of the crop in pixels.

    Returns:
        Tensor: bool (N, height, width), true somewhere for each rectangle.
    """
    x0, y0, x1, y1 = boxes.float()[:, :, None].unbind(dim=1)
    shares = []
    for low, high, cells, side in ((y0, y1, grid[0], crop_size[0]),
                                   (x0, x1, grid[1], crop_size[1])):
        edges = torch.arange(cells + 1, device=boxes.device) * (side / cells)
        overlap = high.minimum(edges[1:]) - low.maximum(edges[:-1])
        shares.append(overlap.clamp(min=0) * (cells / side))
    share = shares[0][:, :, None] * shares[1][:, None, :]
    covered = share > 0.5
    return covered | (~covered.any(2).any(1)[:, None, None] & (share > 0))
