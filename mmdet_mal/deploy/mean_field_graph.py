"""The mean field of the CRF as a graph that can be exported.

The same sums as :mod:`mmdet_mal.models.mean_field`, without in-place updates of
views (exporters turn each into a scatter) and with the loop as an operator.  A
crop that has converged is kept as it is, so each stops where it does there.
"""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch._higher_order_ops.while_loop import while_loop

from mmdet_mal.models.mean_field import FORWARD_OFFSETS, pairwise_kernel


def refine_in_graph(prob: Tensor, image: Tensor, valid: Tensor, zeta: float,
                    omega: float, max_iters: int, tolerance: float,
                    clamp: float, centre: float = 0.) -> Tensor:
    """Fit probabilities to the edges of an image.

    Args:
        prob (Tensor): Unary probabilities (N, H, W) in [0, 1].
        image (Tensor): Normalised image at that resolution (N, 3, H, W).
        valid (Tensor): bool (N, H, W), true where the crop shows the image.
        zeta (float): As for :func:`~mmdet_mal.models.mean_field.crf_marginals`,
            like the following.
        omega (float): Peak of the kernel.
        max_iters (int): Most rounds.
        tolerance (float): Largest change of a crop that counts as converged.
        clamp (float): Bound on the probabilities.
        centre (float): Weight of a pixel's message to itself.

    Returns:
        Tensor: fp32 (N, H, W) in [clamp, 1 - clamp].
    """
    height, width = prob.shape[-2:]
    offsets, weights = _neighbour_weights(
        pairwise_kernel(image, zeta, omega, valid), height, width)
    start = prob.float().clamp(clamp, 1 - clamp)
    unary = torch.logit(start)

    def goes_on(step: Tensor, marginal: Tensor, change: Tensor) -> Tensor:
        # Not "change > tolerance": what is NaN has not converged.
        open_crops = (~(change <= tolerance)).to(torch.int64).sum()
        return (step < max_iters) & (open_crops > 0)

    def update(step: Tensor, marginal: Tensor,
               change: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        belief = 2 * marginal - 1
        spins = F.pad(belief, (1, 1, 1, 1))
        field = unary + centre * belief if centre else unary
        for (dy, dx), weight in zip(offsets, weights, strict=True):
            field = field + weight * spins[:, 1 + dy:1 + dy + height,
                                           1 + dx:1 + dx + width]
        updated = field.sigmoid().clamp(clamp, 1 - clamp)
        moved = (updated - marginal).abs().amax(dim=(1, 2))
        goes_on = ~(change <= tolerance)
        return (step + 1,
                torch.where(goes_on[:, None, None], updated, marginal),
                torch.where(goes_on, moved, change))

    state = (torch.zeros((), dtype=torch.int64, device=prob.device),
             start.clone(), torch.full_like(start[:, 0, 0], torch.inf))
    if torch.compiler.is_compiling():  # also while it is traced for an export
        return while_loop(goes_on, update, state)[1]
    # The operator would compile itself at every call.
    while goes_on(*state):
        state = update(*state)
    return state[1]


def _neighbour_weights(
        kernels: list[Tensor], height: int,
        width: int) -> tuple[list[tuple[int, int]], list[Tensor]]:
    """Offsets (dy, dx) to the 8 neighbours and the weight of each pixel's.

    Args:
        kernels (list[Tensor]): From :func:`pairwise_kernel`.
        height (int): Of the maps.
        width (int): Of the maps.

    Returns:
        tuple: Eight offsets and as many tensors (N, H, W), 0 where a pixel has
        no such neighbour.
    """
    offsets, weights = [], []
    for (dy, dx), kernel in zip(FORWARD_OFFSETS, kernels, strict=True):
        # Rows and columns of the pixel that the pair starts from.
        top, left = max(-dy, 0), max(-dx, 0)
        for sign, y, x in ((1, top, left), (-1, top + dy, left + dx)):
            offsets.append((sign * dy, sign * dx))
            weights.append(F.pad(kernel, (
                x, width - x - kernel.shape[-1],
                y, height - y - kernel.shape[-2])))
    return offsets, weights
