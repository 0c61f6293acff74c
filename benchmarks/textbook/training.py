"""One training step: student, teacher, losses, AdamW, moving average."""

import copy
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .geometry import rectangles
from .losses import crf_loss, grouping_loss, mil_loss
from .network import LOSS_STRIDE


@dataclass(frozen=True)
class Recipe:
    """Constants of a training (DESIGN section 2).

    Attributes:
        mil_weight, crf_weight: weights of the losses.
        crf_warmup: iterations over which the CRF loss's weight rises; 0: none.
        zeta, omega, clamp, rounds: of the mean field.
        grouping: ``ridge``, ``rounds`` and ``sharpness`` of the grouping loss;
            None without one.
        grouping_weight, grouping_fade: its first weight, and the iterations
            over which it falls to 0.
        momentum: share of the student in each step of the teacher.
        lr, encoder_lr_mult, betas, eps, weight_decay, max_norm: of AdamW.
        lr_start, lr_rise: factor on the rates at the first iteration, and the
            iterations until it is 1.  (What lowers them later is left out.)
    """

    mil_weight: float = 4.
    crf_weight: float = .5
    crf_warmup: int = 0
    zeta: float = .5
    omega: float = 2.
    clamp: float = 1e-4
    rounds: int = 100
    grouping: dict | None = None
    grouping_weight: float = 1.
    grouping_fade: int = 1
    momentum: float = .004
    lr: float = 4.8e-5
    encoder_lr_mult: float = 1.
    betas: tuple[float, float] = (.9, .9)
    eps: float = 1e-8
    weight_decay: float = 5e-4
    max_norm: float = 5.
    lr_start: float = 1.
    lr_rise: int = 0


class Trainer:
    """Student and teacher with their optimizer.

    Args:
        network (nn.Module): The student, with its weights; what is frozen
            takes no gradients.
        recipe (Recipe): Constants.
    """

    def __init__(self, network: nn.Module, recipe: Recipe) -> None:
        self.student = network
        self.teacher = copy.deepcopy(network).requires_grad_(False)
        self.recipe = recipe
        groups = [
            dict(params=[p for p in part.parameters() if p.requires_grad],
                 lr=recipe.lr * mult)
            for part, mult in ((network.encoder, recipe.encoder_lr_mult),
                               (network.decoder, 1.))]
        self.rates = [group['lr'] for group in groups]
        self.parameters = [p for group in groups for p in group['params']]
        self.optimizer = torch.optim.AdamW(
            groups, betas=recipe.betas, eps=recipe.eps,
            weight_decay=recipe.weight_decay)
        self.iteration = 0

    def losses(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Weighted losses of a batch.

        Args:
            batch (dict): As :class:`~.boxes.BoxesToTrain` gives it, stacked.
        """
        recipe, student = self.recipe, batch['student']
        logits, tokens = self.student(student, batch['area'])
        with torch.no_grad():
            teacher, teacher_tokens = self.teacher(batch['teacher'],
                                                   batch['area'])
        size = tuple(logits.shape[-2:])
        box = rectangles(batch['box'], size, LOSS_STRIDE)
        valid = rectangles(batch['valid'], size, LOSS_STRIDE)
        colours = F.avg_pool2d(student, LOSS_STRIDE)
        rise = 1. if not recipe.crf_warmup else min(
            1., (self.iteration + 1) / recipe.crf_warmup)
        losses = dict(
            mil=recipe.mil_weight * mil_loss(logits, box, valid),
            crf=rise * recipe.crf_weight * crf_loss(
                logits, teacher, colours, box, valid, recipe.zeta,
                recipe.omega, recipe.clamp, recipe.rounds))
        fade = 1 - self.iteration / recipe.grouping_fade
        if recipe.grouping is not None and fade > 0:
            losses['grouping'] = (
                fade * recipe.grouping_weight * grouping_loss(
                    logits, teacher_tokens, box, valid, **recipe.grouping))
        return losses

    def step(self, batch: dict[str, Tensor]) -> dict[str, float]:
        """Losses, backward, clipped step, moving average of all parameters."""
        losses = self.losses(batch)
        self.optimizer.zero_grad()
        sum(losses.values()).backward()
        nn.utils.clip_grad_norm_(self.parameters, self.recipe.max_norm)
        rise = min(1., self.iteration / max(self.recipe.lr_rise - 1, 1))
        factor = self.recipe.lr_start + (1 - self.recipe.lr_start) * rise
        for group, rate in zip(self.optimizer.param_groups, self.rates,
                               strict=True):
            group['lr'] = rate * factor
        self.optimizer.step()
        share = self.recipe.momentum
        with torch.no_grad():
            for mine, theirs in zip(self.teacher.parameters(),
                                    self.student.parameters(), strict=True):
                mine.copy_((1 - share) * mine + share * theirs)
        self.iteration += 1
        return {name: loss.item() for name, loss in losses.items()}
