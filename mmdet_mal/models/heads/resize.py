"""Bilinear resize of feature and score maps."""

import torch.nn.functional as F
from torch import Tensor


def resize_bilinear(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize maps to a height and width.

    Args:
        x (Tensor): (N, C, h, w).
        size (tuple[int, int]): Height and width, positive.

    Returns:
        Tensor: (N, C, *size); the argument itself where the sizes agree.
    """
    if tuple(x.shape[-2:]) == tuple(size):
        return x
    # Antialiasing matters only where the map shrinks (small boxes).
    if size[0] >= x.shape[-2] and size[1] >= x.shape[-1]:
        return F.interpolate(x, size=size, mode='bilinear',
                             align_corners=False)
    # fp32: torch 2.13 has no antialiased resize of bf16 on the CPU.
    return F.interpolate(x.float(), size=size, mode='bilinear',
                         align_corners=False, antialias=True).to(x.dtype)
