"""Loss towards the grouping of the frozen encoder's tokens."""

import torch
import torch.nn.functional as F
from mmdet.models.losses.dice_loss import dice_loss
from torch import Tensor, nn

from mmdet_mal.models.token_grouping import group_tokens
from mmdet_mal.registry import MODELS
from mmdet_mal.utils.setting_error import SettingError


@MODELS.register_module()
class TokenGroupingLoss(nn.Module):
    """Dice between the student and the softened grouping, fading out.

    Ours, for small data (DESIGN section 8): it starts the student where an
    untrained grouping stands, and leaves it to the paper's losses as its
    weight falls to 0.

    Args:
        ridge (float): See
            :func:`~mmdet_mal.models.token_grouping.group_tokens`.
        rounds (int): Likewise.
        sharpness (float): The soft label is the sigmoid of this times the
            score.
        loss_weight (float): Weight at the first iteration.
        fade_iters (int): Iterations over which the weight falls linearly to
            0; positive.
        eps (float): Smoothing of the dice.
    """

    def __init__(self,
                 fade_iters: int,
                 ridge: float = 10.0,
                 rounds: int = 4,
                 sharpness: float = 4.0,
                 loss_weight: float = 1.0,
                 eps: float = 1e-3) -> None:
        super().__init__()
        if fade_iters <= 0:
            raise SettingError(f'fade_iters must be positive, got {fade_iters}')
        self.fade_iters = fade_iters
        self.ridge = ridge
        self.rounds = rounds
        self.sharpness = sharpness
        self.loss_weight = loss_weight
        self.eps = eps

    def weight_scale(self, iteration: int) -> float:
        """Factor on the weight: 1 at the first iteration, 0 at the fade's end.

        Args:
            iteration (int): Iterations of the runner so far.

        Returns:
            float: In [0, 1].
        """
        return max(0.0, 1.0 - iteration / self.fade_iters)

    @torch.no_grad()
    def labels(self, tokens: Tensor, box_mask: Tensor,
               valid: Tensor) -> Tensor:
        """Soft labels at the scores' resolution.

        Args:
            tokens (Tensor): Frozen feature map (N, C, h, w).
            box_mask (Tensor): bool (N, H, W) at the scores' resolution.
            valid (Tensor): bool (N, H, W).

        Returns:
            Tensor: fp32 (N, H, W) in [0, 1], 0 outside box and image.
        """
        size = tokens.shape[-2:]
        coarse_box, coarse_valid = (
            F.adaptive_avg_pool2d(m.float(), size) > 0.5
            for m in (box_mask, valid))
        scores = group_tokens(tokens, coarse_box, coarse_valid, self.ridge,
                              self.rounds)
        soft = (self.sharpness * scores).sigmoid()
        soft = F.interpolate(soft[:, None], size=box_mask.shape[-2:],
                             mode='bilinear', align_corners=False)[:, 0]
        return soft * (box_mask & valid)

    def forward(self, logits: Tensor, tokens: Tensor, box_mask: Tensor,
                valid: Tensor) -> Tensor:
        """Loss averaged over the batch.

        Args:
            logits (Tensor): Student scores (N, H, W).
            tokens (Tensor): Frozen feature map (N, C, h, w).
            box_mask (Tensor): bool (N, H, W).
            valid (Tensor): bool (N, H, W).

        Returns:
            Tensor: fp32 scalar.
        """
        with torch.autocast(logits.device.type, enabled=False):
            labels = self.labels(tokens.float(), box_mask, valid)
            prob = logits.float().sigmoid() * valid
            return self.loss_weight * dice_loss(
                prob, labels, eps=self.eps, reduction='mean')
