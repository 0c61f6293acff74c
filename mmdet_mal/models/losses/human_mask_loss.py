"""Loss of the supervised twin: dice and cross-entropy to a human mask."""

import torch
import torch.nn.functional as F
from mmdet.models.losses.dice_loss import dice_loss
from torch import Tensor, nn

from mmdet_mal.registry import MODELS
from mmdet_mal.utils.setting_error import SettingError


@MODELS.register_module()
class HumanMaskLoss(nn.Module):
    """Dice plus binary cross-entropy between the student and human masks.

    For the yardstick of box supervision alone; see
    :class:`~mmdet_mal.models.SupervisedTwin`.

    Args:
        dice_weight (float): Default 1.
        bce_weight (float): Weight of the cross-entropy, a mean over the valid
            pixels of each crop.  Default 1.
        eps (float): Smoothing of the dice.

    Raises:
        ValueError: If a weight is negative or both are 0.
    """

    def __init__(self,
                 dice_weight: float = 1.0,
                 bce_weight: float = 1.0,
                 eps: float = 1e-3) -> None:
        super().__init__()
        if min(dice_weight, bce_weight) < 0 or dice_weight + bce_weight == 0:
            raise SettingError(
                'dice_weight and bce_weight must be at least 0 and not both '
                f'0, got {dice_weight} and {bce_weight}')
        self.dice_weight = dice_weight
        self.bce_weight = bce_weight
        self.eps = eps

    def forward(self, logits: Tensor, masks: Tensor,
                valid: Tensor) -> dict[str, Tensor]:
        """Losses averaged over the batch.

        Args:
            logits (Tensor): Student scores (N, H, W).
            masks (Tensor): Human masks (N, h, w) in [0, 1], h and w multiples
                of H and W: each score meets the mean of its pixels.
            valid (Tensor): bool (N, H, W), true where the crop shows the
                image.

        Returns:
            dict[str, Tensor]: fp32 scalars ``loss_dice`` and ``loss_bce``.
        """
        with torch.autocast(logits.device.type, enabled=False):
            logits = logits.float()
            target = F.adaptive_avg_pool2d(
                masks.float(), logits.shape[-2:]) * valid
            dice = dice_loss(logits.sigmoid() * valid, target, eps=self.eps,
                             reduction='mean')
            each = F.binary_cross_entropy_with_logits(
                logits, target, reduction='none') * valid
            mean = each.sum((1, 2)) / valid.sum((1, 2)).clamp(min=1)
            return dict(loss_dice=self.dice_weight * dice,
                        loss_bce=self.bce_weight * mean.mean())
