"""Which pixels hear each other, and how much (paper eq. 4)."""

import torch
from torch import Tensor

from mmdet_mal.utils.setting_error import SettingError

# Half of the 8 neighbours as (dy, dx); the kernel is symmetric, so each pair
# of pixels needs to be stored and weighed once only.
FORWARD_OFFSETS = ((0, 1), (1, -1), (1, 0), (1, 1))


def _paired_slices(offset: int, length: int) -> tuple[slice, slice]:
    """Slices of a pixel and of its neighbour at ``offset`` along one axis."""
    if offset >= 0:
        return slice(0, max(length - offset, 0)), slice(offset, length)
    return slice(-offset, length), slice(0, max(length + offset, 0))


def pair_views(x: Tensor, offset: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Views of ``x`` at all pixels that have a neighbour, and at the neighbour.

    Args:
        x (Tensor): Any tensor of shape (..., H, W).
        offset (tuple[int, int]): Step (dy, dx) in pixels to the neighbour.

    Returns:
        tuple[Tensor, Tensor]: Two views of equal shape; no data is copied.
    """
    rows = _paired_slices(offset[0], x.shape[-2])
    cols = _paired_slices(offset[1], x.shape[-1])
    return x[..., rows[0], cols[0]], x[..., rows[1], cols[1]]


def pairwise_kernel(image: Tensor,
                    zeta: float = 0.5,
                    omega: float = 2.0,
                    valid: Tensor | None = None,
                    dilation: int = 1) -> list[Tensor]:
    r"""Appearance kernel between neighbours (paper eq. 4).

    .. math:: k_{ij} = \omega \exp(-|I_i - I_j|^2 / 2 \zeta^2)

    Args:
        image (Tensor): Colour image (N, C, H, W), in the unit of ``zeta``.
        zeta (float): Colour distance at which the kernel falls to
            ``exp(-1/2)`` of its peak; positive.
        omega (float): Peak of the kernel; not negative.
        valid (Tensor, optional): (N, H, W), true where the crop shows the
            image.  A pair with a pixel outside gets weight 0.
        dilation (int): Distance in pixels to the neighbours.  Default 1.

    Returns:
        list[Tensor]: One (N, h, w) tensor for each of ``FORWARD_OFFSETS``, on
        the pixels that have that neighbour.
    """
    if zeta <= 0:
        raise SettingError(f'zeta must be positive, got {zeta}')
    image = image.float()
    kernels = []
    for dy, dx in FORWARD_OFFSETS:
        offset = (dy * dilation, dx * dilation)
        here, there = pair_views(image, offset)
        distance = (here - there).square_().sum(dim=1)
        kernel = distance.mul_(-0.5 / zeta**2).exp_().mul_(omega)
        if valid is not None:
            valid_here, valid_there = pair_views(valid, offset)
            kernel *= valid_here & valid_there
        kernels.append(kernel)
    return kernels


def gather_messages(x: Tensor, kernels: list[Tensor],
                    dilation: int = 1) -> Tensor:
    """Sum over the neighbours of kernel times ``x``.

    Args:
        x (Tensor): (N, H, W).
        kernels (list[Tensor]): From :func:`pairwise_kernel`.
        dilation (int): The dilation that the kernels were made with.

    Returns:
        Tensor: (N, H, W).
    """
    messages = torch.zeros_like(x)
    for (dy, dx), kernel in zip(FORWARD_OFFSETS, kernels, strict=True):
        offset = (dy * dilation, dx * dilation)
        x_here, x_there = pair_views(x, offset)
        to_here, to_there = pair_views(messages, offset)
        to_here.addcmul_(kernel, x_there)
        to_there.addcmul_(kernel, x_here)
    return messages
