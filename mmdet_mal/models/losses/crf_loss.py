"""Conditional random field loss: masks follow the edges of the image."""

import torch
from mmdet.models.losses.dice_loss import dice_loss
from torch import Tensor, nn

from mmdet_mal.models.mean_field import crf_marginals
from mmdet_mal.registry import MODELS
from mmdet_mal.utils.setting_error import SettingError

from .warmup import warmup_scale


@MODELS.register_module()
class CRFLoss(nn.Module):
    """Dice between the student and the mean field's labels (paper eq. 3-5).

    The unary is the mean of the student's and the teacher's probability.  The
    labels are the thresholded mean field, 0 outside the box and outside the
    image.

    Args:
        zeta (float): Colour scale of the kernel on the normalised image.
            Default 0.5 (paper; released 0.1).
        omega (float): Weight of a neighbour.  Default 2 (paper).
        max_iters (int): Most rounds of the mean field.  Default 100.
        tolerance (float): Change at which the mean field stops; 0 runs all
            rounds unless nothing moves at all (released).
        clamp (float): Bound on the probabilities, see
            :func:`~mmdet_mal.models.mean_field.mean_field`.  Released: .1.
        window (str): Whom a pixel listens to: ``'ring'``, its 8 neighbours
            (paper), or ``'full'``, the 3×3 window with itself (released).
        box (str): Where the box enters: ``'labels'``, it cuts the labels of
            the finished mean field (paper), or ``'mean_field'``, the object's
            probability outside it is 0 in every round too (released).
        loss_weight (float): Default 0.5.
        warmup_iters (int): Iterations over which the weight rises linearly
            from 0.  Default 0; released: 4000.
        eps (float): Smoothing of the dice.
    """

    def __init__(self,
                 zeta: float = 0.5,
                 omega: float = 2.0,
                 max_iters: int = 100,
                 tolerance: float = 1e-3,
                 clamp: float = 1e-4,
                 loss_weight: float = 0.5,
                 warmup_iters: int = 0,
                 eps: float = 1e-3,
                 window: str = 'ring',
                 box: str = 'labels') -> None:
        super().__init__()
        if window not in ('ring', 'full'):
            raise SettingError(
                f"window must be 'ring' or 'full', got {window!r}")
        if box not in ('labels', 'mean_field'):
            raise SettingError(
                f"box must be 'labels' or 'mean_field', got {box!r}")
        self.window = window
        self.box = box
        self.zeta = zeta
        self.omega = omega
        self.max_iters = max_iters
        self.tolerance = tolerance
        self.clamp = clamp
        self.loss_weight = loss_weight
        self.warmup_iters = warmup_iters
        self.eps = eps

    def weight_scale(self, iteration: int) -> float:
        """Linear warm-up of the weight.

        Args:
            iteration (int): Iterations of the runner so far.

        Returns:
            float: In (0, 1].
        """
        return warmup_scale(iteration, self.warmup_iters)

    @torch.no_grad()
    def labels(self, student_prob: Tensor, teacher_prob: Tensor, image: Tensor,
               box_mask: Tensor, valid: Tensor) -> Tensor:
        """Pseudo labels of the mean field.

        Args:
            student_prob (Tensor): (N, H, W) in [0, 1].
            teacher_prob (Tensor): (N, H, W) in [0, 1].
            image (Tensor): Normalised image at the scores' resolution
                (N, 3, H, W).
            box_mask (Tensor): bool (N, H, W), the filled box.
            valid (Tensor): bool (N, H, W).

        Returns:
            Tensor: float32 (N, H, W) of 0 and 1.
        """
        unary = (student_prob + teacher_prob) / 2
        marginal = self.marginals(
            unary, image, valid,
            box_mask if self.box == 'mean_field' else None)
        return ((marginal > 0.5) & box_mask & valid).float()

    def marginals(self, unary: Tensor, image: Tensor, valid: Tensor,
                  inside: Tensor | None = None) -> Tensor:
        """Mean field with the constants of this loss.

        Args:
            unary (Tensor): Probabilities (N, H, W) in [0, 1].
            image (Tensor): Normalised image at that resolution (N, 3, H, W).
            valid (Tensor): bool (N, H, W).
            inside (Tensor, optional): bool (N, H, W), where the object may
                be; else its probability is 0 in every round.

        Returns:
            Tensor: fp32 (N, H, W) in [clamp, 1 - clamp], 0 where ``inside``
            is false.
        """
        centre = self.omega if self.window == 'full' else 0.0
        return crf_marginals(unary, image, valid, self.zeta, self.omega,
                             self.max_iters, self.tolerance, self.clamp,
                             centre, inside)

    def forward(self, student_logits: Tensor, teacher_logits: Tensor,
                image: Tensor, box_mask: Tensor, valid: Tensor) -> Tensor:
        """Loss averaged over the batch.

        Args:
            student_logits (Tensor): (N, H, W).
            teacher_logits (Tensor): (N, H, W).
            image (Tensor): Normalised image (N, 3, H, W).
            box_mask (Tensor): bool (N, H, W).
            valid (Tensor): bool (N, H, W).

        Returns:
            Tensor: fp32 scalar.
        """
        with torch.autocast(student_logits.device.type, enabled=False):
            student_prob = student_logits.float().sigmoid()
            labels = self.labels(student_prob.detach(),
                                 teacher_logits.float().sigmoid(), image,
                                 box_mask, valid)
            return self.loss_weight * dice_loss(
                student_prob * valid, labels, eps=self.eps, reduction='mean')
