"""Object against ground by ridge regression on the tokens of one crop."""

import torch
from torch import Tensor

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
