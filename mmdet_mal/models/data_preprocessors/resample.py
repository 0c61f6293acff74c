"""Windows to crops: padding, resizing and mirroring of a batch at once.

Each pixel of a crop is a weighted sum of a few pixels of its window, first
along the rows, then along the columns.  The weights are those of
:func:`mmdet_mal.structures.crop.crop_and_resize`: an axis that shrinks is
averaged over areas, one that grows is interpolated linearly.
"""

import torch
from torch import Tensor


def axis_taps(axes: Tensor, size: int, padding: str,
              taps: int) -> tuple[Tensor, Tensor]:
    """Where the pixels of the crops come from along one axis.

    Args:
        axes (Tensor): (N, 4) int64: pixels shown, pixels of the window before
            them, length of the window, 1 if mirrored else 0; see
            :class:`~mmdet_mal.datasets.windows.SampledWindow`.
        size (int): Pixels of the crops along this axis.
        padding (str): 'reflect' (as often as needed) or 'zero'.
        taps (int): How many pixels one is made of, at least 2 and at least
            ``ceil(length / size) + 1`` for each length.

    Returns:
        tuple[Tensor, Tensor]: Indices of pixels shown, (N, size, taps) int64,
        and their weights, float32 of the same shape.
    """
    shown, before, length, flipped = axes[:, :, None, None].unbind(dim=1)
    tap = torch.arange(taps, device=axes.device)
    out = torch.arange(size, device=axes.device)[None, :, None]
    out = torch.where(flipped > 0, size - 1 - out, out)

    # In whole numbers, so that nothing depends on rounding: an output pixel
    # covers [low, high) in units of 1 / size pixels of the window.
    low, high = out * length, (out + 1) * length
    area_at = low // size + tap
    area = (((area_at + 1) * size).minimum(high) -
            (area_at * size).maximum(low)).clamp(min=0) / length

    # Its centre, as the distance from the first pixel's, in 1 / (2 size).
    centre = (2 * out + 1) * length - size
    first = centre.div(2 * size, rounding_mode='floor')
    share = (centre - first * 2 * size) / (2 * size)
    linear = torch.where(tap == 0, 1 - share,
                         torch.where(tap == 1, share, torch.zeros_like(share)))

    shrinks = length >= size
    position = torch.where(shrinks, area_at, first + tap)
    # Beyond the window is no padding: the outermost pixel goes on, as in
    # OpenCV; the taps of areas there have no weight.
    position = position.clamp(min=0).minimum(length - 1) - before
    weight = torch.where(shrinks, area, linear)
    if padding == 'zero':
        weight = weight * ((position >= 0) & (position < shown))
        return position.clamp(min=0).minimum(shown - 1), weight
    # Mirrored at the outermost pixels, which are not repeated: a path to and
    # fro of 2 * shown - 2 steps.
    path = (2 * shown - 2).clamp(min=1)
    folded = position.remainder(path)
    return folded.minimum((path - folded).remainder(path)), weight


def cut_crops(pixels: Tensor, axes: Tensor, size: tuple[int, int],
              padding: str, taps: tuple[int, int]) -> Tensor:
    """Crops of a batch of windows.

    A crop does not depend on its neighbours in the batch, to the last bit.

    Args:
        pixels (Tensor): (N, H, W, 3) uint8; windows in the upper left.
        axes (Tensor): (N, 2, 4) int64, for rows and columns.
        size (tuple[int, int]): Height and width of the crops.
        padding (str): As for :func:`axis_taps`.
        taps (tuple[int, int]): For rows and columns.

    Returns:
        Tensor: (N, 3, height, width) float32, whole numbers in [0, 255].
    """
    count, _, width, channels = pixels.shape
    rows = axis_taps(axes[:, 0], size[0], padding, taps[0])
    columns = axis_taps(axes[:, 1], size[1], padding, taps[1])
    crops = _weighted_rows(pixels.flatten(2), *rows)
    # Columns become rows; (N, W, 3 * height).
    crops = crops.view(count, size[0], width, channels).permute(0, 2, 3, 1)
    crops = _weighted_rows(crops.flatten(2), *columns)
    crops = crops.view(count, size[1], channels, size[0]).permute(0, 2, 3, 1)
    return crops.round().clamp(0, 255).contiguous()


def _weighted_rows(x: Tensor, index: Tensor, weight: Tensor) -> Tensor:
    """Sums of rows: (N, L, M) by (N, size, taps) to float32 (N, size, M)."""
    sample = torch.arange(len(x), device=x.device)[:, None]
    total = x[sample, index[..., 0]] * weight[..., 0, None]
    for tap in range(1, index.shape[-1]):
        total.addcmul_(x[sample, index[..., tap]].float(),
                       weight[..., tap, None])
    return total
