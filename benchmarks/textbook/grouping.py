"""Object against ground by ridge regression on the tokens of one crop."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .geometry import Box

BIAS = .3  # value of the constant feature


def group(tokens: Tensor, inside: Tensor, valid: Tensor, ridge: float,
          rounds: int) -> Tensor:
    """Fit inside against outside, relabel what looks like outside, repeat.

    Solves (K + λ W⁻¹) a = y, where the weights W give both classes the same
    say; tokens beyond the image have weight 0 and are left out of the fit.

    Args:
        tokens (Tensor): (C, h, w).
        inside, valid (Tensor): bool (h, w).
        ridge (float): λ.
        rounds (int): Times that the tokens are relabelled.

    Returns:
        Tensor: Scores (h, w), positive for the object.
    """
    size = tokens.shape[-2:]
    x = tokens.flatten(1).T
    inside, valid = inside.flatten(), valid.flatten()
    x = x - x[valid].mean(0) if valid.any() else x
    x = x / x.norm(dim=1, keepdim=True).clamp(min=1e-12)
    x = torch.cat([x, torch.full((len(x), 1), BIAS)], dim=1)
    kernel = x @ x.T
    weight = torch.zeros(len(x))
    for members in (inside & valid, ~inside & valid):
        weight[members] = len(x) / 2 / max(int(members.sum()), 1)
    used = weight > 0
    system = kernel[used][:, used] + torch.diag(ridge / weight[used])
    labels = torch.where(inside, 1., -1.)
    for step in range(rounds + 1):
        a = torch.linalg.solve(system, labels[used])
        scores = kernel[:, used] @ a
        if step < rounds:
            labels = torch.where(inside & (scores > 0), 1., -1.)
    return scores.unflatten(0, size)


def group_crops(tokens: Tensor, batch: dict[str, Tensor], ridge: float,
                rounds: int, size: tuple[int, int]) -> Tensor:
    """Scores of a batch of crops, one crop after the other.

    Args:
        tokens (Tensor): (N, C, h, w).
        batch (dict): Crops with their boxes.
        ridge, rounds: Of :func:`group`.
        size (tuple[int, int]): Height and width of the scores, bicubic.

    Returns:
        Tensor: (N, *size).
    """
    grid, crop_size = tuple(tokens.shape[-2:]), batch['crop'].shape[-2:]
    scores = []
    for t, box, valid in zip(tokens, batch['box'], batch['valid'], strict=True):
        inside = covered(tuple(box.tolist()), grid, crop_size)
        shown = covered(tuple(valid.tolist()), grid, crop_size)
        scores.append(repeated_edge(group(t, inside, shown, ridge, rounds), shown))
    return F.interpolate(torch.stack(scores)[:, None], size=size, mode='bicubic',
                         align_corners=False)[:, 0]


def covered(box: Box, grid: tuple[int, int],
            crop_size: tuple[int, int]) -> Tensor:
    """Cells that a box covers by more than half; else all that it touches.

    Returns:
        Tensor: bool (h, w).
    """
    overlaps = []
    for low, high, cells, side in ((box[1], box[3], grid[0], crop_size[0]),
                                   (box[0], box[2], grid[1], crop_size[1])):
        cell = side / cells
        begin = torch.arange(cells) * cell
        overlaps.append(((begin + cell).clamp(max=high)
                         - begin.clamp(min=low)).clamp(min=0) / cell)
    share = overlaps[0][:, None] * overlaps[1][None, :]
    return share > .5 if (share > .5).any() else share > 0


def repeated_edge(scores: Tensor, valid: Tensor) -> Tensor:
    """Scores beyond the image take the value of the nearest within."""
    rows = torch.nonzero(valid.any(1))[:, 0]
    columns = torch.nonzero(valid.any(0))[:, 0]
    ys = torch.arange(len(scores)).clamp(rows[0], rows[-1])
    xs = torch.arange(scores.shape[1]).clamp(columns[0], columns[-1])
    return scores[ys][:, xs]
