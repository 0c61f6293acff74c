"""The mean field's two doors: with kernels, or with the image."""

import torch
from torch import Tensor

from mmdet_mal.utils.setting_error import SettingError

from .compiled import compiled_crf_marginals, compiled_mean_field
from .options import MeanFieldOptions
from .pairwise import pairwise_kernel
from .paths import COMPILED, TRITON, choose_path
from .tensors import mean_field_of_tensors


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

    The loop of a crop ends when none of its probabilities moved by more than
    ``tolerance``, or after ``max_iters`` rounds, whatever the other crops of the
    batch do.  fp32 throughout.  A NaN spreads by one pixel a round and keeps its
    crop from converging.

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
    options = MeanFieldOptions(max_iters, tolerance, clamp, centre)
    prob = prob.float()
    path = choose_path(prob, dilation)
    if path == COMPILED:
        return compiled_mean_field(prob, kernels, inside, options)
    inside = None if inside is None else inside.bool()
    if path == TRITON:
        from .fused import fused_mean_field
        return fused_mean_field(prob, kernels, inside, options)
    return mean_field_of_tensors(prob, kernels, inside, options, dilation)


@torch.no_grad()
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
    if choose_path(prob) == COMPILED:
        if zeta <= 0:
            raise SettingError(f'zeta must be positive, got {zeta}')
        return compiled_crf_marginals(
            prob, image, valid, zeta, omega, inside,
            MeanFieldOptions(max_iters, tolerance, clamp, centre))
    kernels = pairwise_kernel(image, zeta, omega, valid)
    return mean_field(prob, kernels, max_iters, tolerance, clamp,
                      centre=centre, inside=inside)
