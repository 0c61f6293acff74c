"""One crop seen with several expansions of its box (ours, DESIGN section 3).

The crop shows the box with the pipeline's expansion; narrower views are cut out
of it, labelled by themselves, and brought back into its frame.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

Views = Mapping[Hashable, Tensor]


def average_expansions(predict: Callable[[Tensor, Tensor], Views], views: Views,
                       crops: Tensor, areas: Tensor, boxes: Tensor,
                       rates: Sequence[float]) -> dict[Hashable, Tensor]:
    """Average the maps of crops with those of narrower views of them.

    Args:
        predict (Callable): Takes crops (N, 3, H, W) and ``areas``; returns
            maps (N, h, w) by name.
        views (Mapping): What it returned for ``crops``.
        crops (Tensor): Crops (N, 3, H, W).
        areas (Tensor): (N,) box areas in px² of the original image.
        boxes (Tensor): (N, 4) xyxy in crop pixels.
        rates (Sequence[float]): Expansion of each narrower view in halves of
            the box size, as of :class:`~mmdet_mal.datasets.transforms.
            FixedBoxExpansion`.

    Returns:
        dict: By the same names, maps (N, h, w): at each cell the mean over the
        crop and the views that show it.
    """
    sums = {name: maps.clone() for name, maps in views.items()}
    size = crops.shape[-2:]
    counts = torch.ones_like(next(iter(sums.values())))
    for rate in rates:
        windows = view_windows(boxes, rate, tuple(size))
        narrow = predict(cut_views(crops, windows), areas)
        for name, maps in narrow.items():
            pasted, shown = paste_views(maps, windows, tuple(size))
            sums[name] += pasted
        counts += shown  # the same for each name
    return {name: total / counts for name, total in sums.items()}


def view_windows(boxes: Tensor, rate: float, size: tuple[int, int]) -> Tensor:
    """The part of each crop that shows its box with an expansion.

    Args:
        boxes (Tensor): (N, 4) xyxy in crop pixels.
        rate (float): In halves of the box size.
        size (tuple[int, int]): Height and width of the crops.

    Returns:
        Tensor: (N, 4) xyxy in crop pixels, cut off at the crop's border: a
        view never shows more than its crop.
    """
    low, high = boxes.float().split(2, dim=1)
    extra = rate * (high - low) / 2
    limit = boxes.new_tensor([size[1], size[0]], dtype=torch.float32)
    low = (low - extra).clamp(min=0).minimum(limit - 1)
    high = (high + extra).minimum(limit).maximum(low + 1)
    return torch.cat([low, high], dim=1)


def cut_views(crops: Tensor, windows: Tensor) -> Tensor:
    """Cut windows out of crops and resize them to the size of the crop.

    Args:
        crops (Tensor): (N, C, H, W).
        windows (Tensor): (N, 4) xyxy in crop pixels.

    Returns:
        Tensor: (N, C, H, W), bilinear.
    """
    scale, shift = _affine(windows, tuple(crops.shape[-2:]))
    grid = F.affine_grid(_matrix(scale, shift), list(crops.shape),
                         align_corners=False)
    return F.grid_sample(crops.float(), grid, padding_mode='border',
                         align_corners=False).to(crops.dtype)


def paste_views(maps: Tensor, windows: Tensor,
                crop_size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Bring maps of windows into the frame of their crops.

    Args:
        maps (Tensor): (N, h, w), each of a window, on a grid as fine as that
            of the crop's own map.
        windows (Tensor): (N, 4) xyxy in crop pixels.
        crop_size (tuple[int, int]): Height and width of the crops.

    Returns:
        tuple[Tensor, Tensor]: Maps (N, h, w), 0 where a window does not reach,
        and float (N, h, w), 1 at cells whose centre it shows, else 0.
    """
    scale, shift = _affine(windows, crop_size)
    grid = F.affine_grid(
        _matrix(1 / scale, -shift / scale),
        [len(maps), 1, *maps.shape[-2:]], align_corners=False)
    shown = (grid.abs() <= 1).all(dim=-1).float()
    pasted = F.grid_sample(maps[:, None], grid, padding_mode='border',
                           align_corners=False)[:, 0]
    return pasted * shown, shown


def _affine(windows: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Scale and shift (N, 2) from a window's [-1, 1] to its crop's."""
    limit = windows.new_tensor([size[1], size[0]])
    low, high = windows.split(2, dim=1)
    return (high - low) / limit, (low + high) / limit - 1


def _matrix(scale: Tensor, shift: Tensor) -> Tensor:
    """Affine matrices (N, 2, 3) of a scale and a shift along each axis."""
    return torch.cat([torch.diag_embed(scale), shift[:, :, None]], dim=2)
