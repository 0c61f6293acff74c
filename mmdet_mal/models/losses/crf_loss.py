"""Conditional random field loss: masks follow the edges of the image."""

import torch
from mmdet.models.losses.dice_loss import dice_loss
from torch import Tensor, nn

from mmdet_mal.models.mean_field import crf_marginals
from mmdet_mal.registry import MODELS

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
        tolerance (float): Change at which the mean field stops.
        clamp (float): Bound on the probabilities, see
            :func:`~mmdet_mal.models.mean_field.mean_field`.
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
                 eps: float = 1e-3) -> None:
        super().__init__()
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
        marginal = self.marginals(unary, image, valid)
        return ((marginal > 0.5) & box_mask & valid).float()

    def marginals(self, unary: Tensor, image: Tensor,
                  valid: Tensor) -> Tensor:
        """Mean field with the constants of this loss.

        Args:
            unary (Tensor): Probabilities (N, H, W) in [0, 1].
            image (Tensor): Normalised image at that resolution (N, 3, H, W).
            valid (Tensor): bool (N, H, W).

        Returns:
            Tensor: fp32 (N, H, W) in [clamp, 1 - clamp].
        """
        return crf_marginals(unary, image, valid, self.zeta, self.omega,
                             self.max_iters, self.tolerance, self.clamp)

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
