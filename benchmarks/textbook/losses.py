"""The losses by their formulas (paper eq. 2 to 5; the grouping is ours)."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .grouping import group
from .mean_field import crf_marginals

EPS = 1e-3


def dice(prediction: Tensor, target: Tensor) -> Tensor:
    """1 - 2 Σ p t / (Σ p² + Σ t²), averaged over the first dimension."""
    p, t = prediction.flatten(1), target.flatten(1)
    return (1 - 2 * (p * t).sum(1)
            / ((p * p).sum(1) + EPS + (t * t).sum(1) + EPS)).mean()


def mil_loss(logits: Tensor, box: Tensor, valid: Tensor) -> Tensor:
    """Dice of the largest probability of each row and column (eq. 2).

    Args:
        logits (Tensor): (N, H, W).
        box, valid (Tensor): bool (N, H, W).
    """
    prob = logits.sigmoid() * valid
    target = (box & valid).float()
    bags = torch.cat([prob.amax(2), prob.amax(1)], dim=1)
    targets = torch.cat([target.amax(2), target.amax(1)], dim=1)
    return dice(bags, targets)


def crf_loss(student: Tensor, teacher: Tensor, image: Tensor, box: Tensor,
             valid: Tensor, zeta: float, omega: float, clamp: float,
             rounds: int) -> Tensor:
    """Dice towards the labels of the mean field (eq. 3 to 5).

    Args:
        student, teacher (Tensor): Logits (N, H, W).
        image (Tensor): Normalised image at that resolution (N, 3, H, W).
        box, valid (Tensor): bool (N, H, W).
        zeta, omega, clamp, rounds: Of the mean field.
    """
    prob = student.sigmoid()
    with torch.no_grad():
        unary = (prob + teacher.sigmoid()) / 2
        q = crf_marginals(unary, image, valid, zeta, omega, rounds, clamp)
        labels = ((q > .5) & box & valid).float()
    return dice(prob * valid, labels)


def grouping_loss(logits: Tensor, tokens: Tensor, box: Tensor, valid: Tensor,
                  ridge: float, rounds: int, sharpness: float) -> Tensor:
    """Dice towards the grouped tokens of the frozen block.

    Args:
        logits (Tensor): (N, H, W).
        tokens (Tensor): Map (N, C, h, w).
        box, valid (Tensor): bool (N, H, W).
        ridge, rounds: Of :func:`~.grouping.group`.
        sharpness (float): Log odds of a score of 1.
    """
    size = tokens.shape[-2:]
    coarse_box = F.adaptive_avg_pool2d(box.float(), size) > .5
    coarse_valid = F.adaptive_avg_pool2d(valid.float(), size) > .5
    with torch.no_grad():
        scores = torch.stack([
            group(t, b, v, ridge, rounds)
            for t, b, v in zip(tokens, coarse_box, coarse_valid, strict=True)])
        soft = (sharpness * scores).sigmoid()
        soft = F.interpolate(soft[:, None], size=box.shape[-2:],
                             mode='bilinear', align_corners=False)[:, 0]
    return dice(logits.sigmoid() * valid, soft * (box & valid))
