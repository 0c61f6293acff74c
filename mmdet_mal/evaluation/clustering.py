"""Clustering score: how well an encoder's tokens group into objects.

Equation 6 of the paper (section 4.4): lower is better.
"""

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


def clustering_score(tokens: Tensor, inside: Tensor,
                     valid: Tensor | None = None) -> Tensor:
    r"""Mean distance of the tokens of a crop from the centre of their side.

    .. math::
        S = \frac{1}{n} \sum_i
            \left| \frac{f_i}{|f_i|} - \frac{c_{\gamma(i)}}{|c_{\gamma(i)}|}
            \right|^2

    with the feature :math:`f_i` of token i and the mean features
    :math:`c_1, c_0` of the tokens inside and outside the human mask.  Centres
    are means of the features as they are, not of normalised ones (P eq. 6).

    Args:
        tokens (Tensor): Feature maps (N, C, h, w).
        inside (Tensor): bool (N, h, w), true for tokens of the object.
        valid (Tensor, optional): bool (N, h, w), false for tokens that take
            no part, such as padding.  By default all do.

    Returns:
        Tensor: fp64 (N,), in [0, 4]; nan for a crop without a token inside or
        without one outside: there is nothing to tell apart.

    Raises:
        ValueError: If the shapes do not fit.
    """
    return _distance(tokens, *_sides(tokens, inside, valid))


def one_centre_score(tokens: Tensor, inside: Tensor,
                     valid: Tensor | None = None) -> Tensor:
    """The same with one centre for all tokens: what knowing the mask is worth.

    Tokens that are all alike have a low clustering score, too; against this
    one it tells whether the *mask* explains them.

    Args:
        tokens (Tensor): Feature maps (N, C, h, w).
        inside (Tensor): As in :func:`clustering_score`; crops of one side
            only are nan here, too, so that both speak of the same crops.
        valid (Tensor, optional): As in :func:`clustering_score`.

    Returns:
        Tensor: fp64 (N,), in [0, 4].

    Raises:
        ValueError: If the shapes do not fit.
    """
    sides, valid = _sides(tokens, inside, valid)
    score = _distance(tokens, valid[None], valid)
    return score.where(_has_both(sides), torch.nan)


def token_grid(mask: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """The tokens that a mask covers by half or more.

    Args:
        mask (np.ndarray): bool (H, W), in pixels of the crop.
        grid (tuple[int, int]): Height and width of the token grid.

    Returns:
        np.ndarray: bool (h, w).
    """
    share = cv2.resize(mask.astype(np.float32), (grid[1], grid[0]),
                       interpolation=cv2.INTER_AREA)
    return share >= .5


def _sides(tokens: Tensor, inside: Tensor,
           valid: Tensor | None) -> tuple[Tensor, Tensor]:
    """Members of the two sides, bool (2, N, h, w), and of both together."""
    shape = (tokens.shape[0], *tokens.shape[2:])
    if tokens.ndim != 4 or inside.shape != shape:
        raise ValueError(
            'expected tokens (N, C, h, w) and inside (N, h, w), got '
            f'{tuple(tokens.shape)} and {tuple(inside.shape)}')
    if valid is None:
        valid = torch.ones_like(inside)
    if valid.shape != shape:
        raise ValueError(f'expected valid {shape}, got {tuple(valid.shape)}')
    return torch.stack([~inside & valid, inside & valid]), valid


def _has_both(sides: Tensor) -> Tensor:
    """Whether each crop has a token on both sides, (N,)."""
    return sides.flatten(2).any(-1).all(0)


def _distance(tokens: Tensor, sides: Tensor, valid: Tensor) -> Tensor:
    """Mean squared distance from the normalised centre of the side.

    Args:
        tokens (Tensor): (N, C, h, w).
        sides (Tensor): bool (K, N, h, w), disjoint.
        valid (Tensor): bool (N, h, w), their union.
    """
    feats = tokens.double().flatten(2)                          # (N, C, T)
    unit = F.normalize(feats, dim=1)
    total = feats.new_zeros(len(feats))
    for side in sides.flatten(2).to(feats):                     # (N, T)
        # A sum in place of the mean: only the direction counts.
        centre = F.normalize((feats * side[:, None]).sum(-1), dim=1)
        far = (unit - centre[..., None]).square().sum(1)        # (N, T)
        total += (far * side).sum(-1)
    score = total / valid.flatten(1).sum(-1).clamp(min=1)
    return score.where(_has_both(sides), torch.nan)
