"""The mean field of the CRF, written plainly from the paper (eq. 3-5, A.1).

Every round unfolds the beliefs of all neighbours into a tensor of their own, and
there are always 100 rounds.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

# A window of 3x3 around the pixel, row by row; its centre is entry 4.
_WINDOW = 3
_CENTRE = 4


def _unfold(x: Tensor) -> Tensor:
    """The 3x3 neighbours of each pixel: (N, C, H, W) to (N, C, 9, H, W)."""
    n, channels, height, width = x.shape
    return F.unfold(x, _WINDOW, padding=1).view(n, channels, _WINDOW**2, height,
                                                width)


def pairwise_kernel(image: Tensor, valid: Tensor, zeta: float,
                    omega: float) -> Tensor:
    """Equation 4 for each pixel and each of the 9 pixels of its window.

    Args:
        image (Tensor): Colours (N, C, H, W).
        valid (Tensor): bool (N, H, W); other pixels neither send nor receive.
        zeta (float): Colour scale, positive.
        omega (float): Peak of the kernel.

    Returns:
        Tensor: (N, 9, H, W), 0 for the pixel itself and beyond the border.
    """
    distance = (_unfold(image) - image[:, :, None]).pow(2).sum(dim=1)
    kernel = omega * torch.exp(-distance / (2 * zeta**2))
    there = _unfold(valid[:, None].float())[:, 0]
    kernel = kernel * there * valid[:, None]
    kernel[:, _CENTRE] = 0
    return kernel


@torch.no_grad()
def crf_marginals(prob: Tensor,
                  image: Tensor,
                  valid: Tensor,
                  zeta: float = 0.5,
                  omega: float = 2.0,
                  max_iters: int = 100,
                  clamp: float = 1e-4,
                  centre: float = 0.0,
                  inside: Tensor | None = None) -> Tensor:
    """Mean field of a binary mask, ``max_iters`` rounds without a test.

    Args:
        prob (Tensor): Unary probabilities (N, H, W) in [0, 1].
        image (Tensor): Normalised image at that resolution (N, C, H, W).
        valid (Tensor): bool (N, H, W), true where the crop shows the image.
        zeta (float): Colour scale of the kernel.
        omega (float): Peak of the kernel.
        max_iters (int): Rounds.
        clamp (float): Probabilities are kept in [clamp, 1 - clamp].
        centre (float): Weight of a pixel's message to itself.
        inside (Tensor, optional): bool (N, H, W), where the object may be.

    Returns:
        Tensor: Marginals (N, H, W).
    """
    kernel = pairwise_kernel(image, valid, zeta, omega)
    kernel[:, _CENTRE] = centre
    box = torch.ones_like(prob) if inside is None else inside.float()
    start = prob.clamp(clamp, 1 - clamp)
    unary = torch.log(start / (1 - start))
    marginal = start * box
    for _ in range(max_iters):
        belief = _unfold((2 * marginal - 1)[:, None])[:, 0]
        field = unary + (kernel * belief).sum(dim=1)
        marginal = torch.sigmoid(field).clamp(clamp, 1 - clamp) * box
    return marginal
