"""Changes of colour of a batch, each sample with a value of its own.

They follow the transforms of the CPU pipeline (mmcv with OpenCV, Pillow) down
to their rounding to whole grey levels.  Crops are (N, 3, H, W) float32 of whole
numbers in [0, 255], blue first; values are (N,) float32.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from mmdet_mal.datasets.windows.colour_draw import BLUR_PASSES

# OpenCV's grey of 8-bit pixels: blue, green, red in 1 / 2^15.
_GREY_SHARES = (3735, 19235, 9798)
_GREY_SCALE = 1 << 15
# What mmcv's RandomGrayscale weighs with, in double precision.
_LUMA = (0.114, 0.587, 0.299)
# OpenCV's full range of an 8-bit hue.
_HUES = 256


def _grey(crops: Tensor) -> Tensor:
    """OpenCV's grey, (N, 1, H, W), whole numbers."""
    # Exact in fp32: all sums stay below 2^24.
    blue, green, red = (crops[:, i:i + 1] * share
                        for i, share in enumerate(_GREY_SHARES))
    total = blue + green + red + _GREY_SCALE // 2
    return (total / _GREY_SCALE).floor_()


def _per_crop(values: Tensor) -> Tensor:
    return values[:, None, None, None]


def brightness(crops: Tensor, factors: Tensor) -> Tensor:
    """Multiply by the factor; mmcv cuts fractions off."""
    return (crops * _per_crop(factors)).clamp_(0, 255).floor_()


def contrast(crops: Tensor, factors: Tensor) -> Tensor:
    """Move away from the crop's mean grey; mmcv cuts fractions off."""
    # In doubles the sum of whole numbers is exact, in whatever order.
    mean = _grey(crops).mean(dim=(1, 2, 3), dtype=torch.float64).round()
    factors = _per_crop(factors)
    offset = _per_crop(mean.float()) * (1 - factors)
    return (crops * factors + offset).clamp_(0, 255).floor_()


def saturation(crops: Tensor, factors: Tensor) -> Tensor:
    """Move away from each pixel's grey; OpenCV rounds."""
    factors = _per_crop(factors)
    return (crops * factors + _grey(crops) *
            (1 - factors)).round_().clamp_(0, 255)


def hue(crops: Tensor, shifts: Tensor) -> Tensor:
    """Turn the hue; shifts in 256ths of a turn, as OpenCV's 8-bit hue.

    Hue and saturation are rounded to 8 bits on the way, as OpenCV does.
    """
    blue, green, red = crops.unbind(dim=1)
    value = crops.amax(dim=1)
    spread = value - crops.amin(dim=1)
    sixths = torch.where(
        value == red, green - blue,
        torch.where(value == green, blue - red + 2 * spread,
                    red - green + 4 * spread))
    turn = sixths * _HUES / (6 * spread).clamp_(min=1)
    turn = (turn + 0.5).floor_()
    turn = torch.where(turn < 0, turn + _HUES, turn).clamp_(max=_HUES - 1)
    turn = (turn + shifts[:, None, None]).remainder_(_HUES) * (6 / _HUES)
    share = (spread * 255 / value.clamp(min=1) + 0.5).floor_() / 255
    # n = 5, 3, 1 give red, green and blue of a hue in sixths of a turn.
    channels = []
    for n in (1, 3, 5):
        k = (turn + n).remainder_(6)
        k = k.minimum(4 - k).clamp_(0, 1)
        channels.append(value * (1 - share * k))
    return torch.stack(channels, dim=1).round_().clamp_(0, 255)


def grey(crops: Tensor, _: Tensor) -> Tensor:
    """Three equal channels; mmcv cuts fractions off, in double precision."""
    scale = sum(_LUMA)
    blue, green, red = (crops[:, i:i + 1].double() * (share / scale)
                        for i, share in enumerate(_LUMA))
    return (blue + green + red).floor_().float().expand_as(crops)


def gaussian_blur(crops: Tensor, radii: Tensor, reach: int) -> Tensor:
    """Pillow's Gaussian blur: box blurs along rows, then along columns.

    Args:
        crops (Tensor): (N, 3, H, W).
        radii (Tensor): (N,) of the boxes, see
            :func:`~mmdet_mal.datasets.windows.colour_draw.box_radius`.
        reach (int): Whole number above each radius.

    Returns:
        Tensor: (N, 3, H, W).
    """
    offsets = torch.arange(-reach, reach + 1, device=crops.device).abs()
    weights = (radii[:, None] + 1 - offsets).clamp_(0, 1)
    weights = weights / (2 * radii[:, None] + 1)
    for dim in (3, 2):
        for _ in range(BLUR_PASSES):
            crops = _box_blur(crops, weights, dim)
    return crops


def _box_blur(crops: Tensor, weights: Tensor, dim: int) -> Tensor:
    """One pass along one axis, rounded as Pillow does after each."""
    reach = weights.shape[1] // 2
    sides = (reach, reach, 0, 0) if dim == 3 else (0, 0, reach, reach)
    padded = F.pad(crops, sides, mode='replicate')
    total = torch.full_like(crops, 0.5)
    for tap, weight in enumerate(weights.unbind(dim=1)):
        total.addcmul_(padded.narrow(dim, tap, crops.shape[dim]),
                       _per_crop(weight))
    return total.floor_()


CHANGES = dict(brightness=brightness, contrast=contrast, saturation=saturation,
               hue=hue, grey=grey)
