"""Mean field inference of a binary mask on the 8-neighbour grid.

Source: MAL paper (Lan et al., CVPR 2023), eq. 3-5 and appendix A.1.
"""

import torch
from torch import Tensor

# Half of the 8 neighbours as (dy, dx); the kernel is symmetric, so each pair
# of pixels needs to be stored and weighed once only.
FORWARD_OFFSETS = ((0, 1), (1, -1), (1, 0), (1, 1))


def _paired_slices(offset: int, length: int) -> tuple[slice, slice]:
    """Slices of a pixel and of its neighbour at ``offset`` along one axis."""
    if offset >= 0:
        return slice(0, length - offset), slice(offset, length)
    return slice(-offset, length), slice(0, length + offset)


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
        raise ValueError(f'zeta must be positive, got {zeta}')
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


@torch.no_grad()
def mean_field(prob: Tensor,
               kernels: list[Tensor],
               max_iters: int = 100,
               tolerance: float = 1e-3,
               clamp: float = 1e-4,
               dilation: int = 1,
               centre: float = 0.0,
               inside: Tensor | None = None) -> Tensor:
    r"""Minimise the CRF energy of paper eq. 3 by parallel mean field.

    With the unary :math:`-\log m^a` and the Potts pairwise term, the update
    of the probability q of "object" is, in log odds,

    .. math:: \mathrm{logit}\, q_i \leftarrow \mathrm{logit}\, m^a_i
              + \sum_j k_{ij} (2 q_j - 1)

    The loop ends when no probability of the batch moved by more than
    ``tolerance``, or after ``max_iters`` rounds.  fp32 throughout.

    Args:
        prob (Tensor): Unary probabilities m^a (N, H, W) in [0, 1].
        kernels (list[Tensor]): From :func:`pairwise_kernel`.
        max_iters (int): Most rounds.  Default 100 (paper A.1).
        tolerance (float): Largest change that counts as converged.
        clamp (float): Probabilities are kept in [clamp, 1 - clamp], so that
            a saturated unary can still be outvoted.
        dilation (int): The dilation that the kernels were made with.
        centre (float): Weight of a pixel's message to itself.  Default 0, the
            8 neighbours alone (paper); the peak of the kernel makes it the
            3×3 window with its centre (released).
        inside (Tensor, optional): bool (N, H, W).  Where it is false, q is 0
            at the start and after each round, and its neighbours hear so
            (released, for the box).  Default: true everywhere (paper).

    Returns:
        Tensor: Marginals q (N, H, W) in [clamp, 1 - clamp], 0 where
        ``inside`` is false.
    """
    if not 0 < clamp < 0.5:
        raise ValueError(f'clamp must lie in (0, 0.5), got {clamp}')
    marginal = prob.float().clamp(clamp, 1 - clamp)
    unary = torch.logit(marginal)
    if inside is not None:
        marginal = marginal * inside
    for _ in range(max_iters):
        belief = 2 * marginal - 1
        messages = gather_messages(belief, kernels, dilation)
        if centre:
            messages.add_(belief, alpha=centre)
        updated = (unary + messages).sigmoid_().clamp_(clamp, 1 - clamp)
        if inside is not None:
            updated *= inside
        change = (updated - marginal).abs_().max()
        marginal = updated
        if change <= tolerance:
            break
    return marginal


def crf_marginals(prob: Tensor,
                  image: Tensor,
                  valid: Tensor,
                  zeta: float = 0.5,
                  omega: float = 2.0,
                  max_iters: int = 100,
                  tolerance: float = 1e-3,
                  clamp: float = 1e-4,
                  centre: float = 0.0,
                  inside: Tensor | None = None) -> Tensor:
    """Fit probabilities to the edges of an image: kernel, then mean field.

    Args:
        prob (Tensor): Unary probabilities (N, H, W) in [0, 1].
        image (Tensor): Normalised image at that resolution (N, 3, H, W).
        valid (Tensor): bool (N, H, W), true where the crop shows the image.
        zeta (float): As for :func:`pairwise_kernel`, like the following.
        omega (float): Peak of the kernel.
        max_iters (int): As for :func:`mean_field`, like the following.
        tolerance (float): Largest change that counts as converged.
        clamp (float): Bound on the probabilities.
        centre (float): Weight of a pixel's message to itself.
        inside (Tensor, optional): bool (N, H, W), where the object may be.

    Returns:
        Tensor: fp32 (N, H, W) in [clamp, 1 - clamp], 0 where ``inside`` is
        false.
    """
    kernels = pairwise_kernel(image, zeta, omega, valid)
    return mean_field(prob, kernels, max_iters, tolerance, clamp,
                      centre=centre, inside=inside)
