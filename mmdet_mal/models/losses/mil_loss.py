"""Multiple-instance loss: the only place where the boxes supervise."""

import torch
from mmdet.models.losses.dice_loss import dice_loss
from torch import Tensor, nn

from mmdet_mal.registry import MODELS
from mmdet_mal.utils.setting_error import SettingError

from .soft_bags import bag_weights
from .warmup import warmup_scale


def bag_values(prob: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
    """Maximum of each row and of each column over the valid pixels.

    Args:
        prob (Tensor): (N, H, W) in [0, 1].
        valid (Tensor): bool (N, H, W), true where the crop shows the image.

    Returns:
        tuple[Tensor, Tensor]: Rows (N, H) and columns (N, W); a bag without a
        valid pixel has the value 0.
    """
    prob = prob * valid
    return prob.amax(dim=2), prob.amax(dim=1)


def bag_targets(box_mask: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
    """1 for each row and column that crosses the box, else 0.

    Args:
        box_mask (Tensor): bool (N, H, W), the filled box.
        valid (Tensor): bool (N, H, W).

    Returns:
        tuple[Tensor, Tensor]: float32 rows (N, H) and columns (N, W).
    """
    inside = box_mask & valid
    return inside.any(dim=2).float(), inside.any(dim=1).float()


@MODELS.register_module()
class MILLoss(nn.Module):
    r"""Dice between the bag values and the bag targets (paper eq. 2).

    .. math:: L = 1 - \frac{2 \sum_i g_i b_i}{\sum_i b_i^2 + \sum_i g_i^2}

    The paper prints a square in the numerator too; dice is defined without
    it, so we read it as a slip.

    **Loose boxes** (ours, off by default).  With ``edge_margin`` :math:`\mu` and
    ``edge_weight`` :math:`\epsilon` each bag gets a weight that falls towards
    the edges of the box, inside and outside alike,

    .. math:: w_i = \epsilon + (1 - \epsilon) \min(1, d_i / \mu), \qquad
        L = 1 - \frac{2 \sum_i w_i g_i b_i}
                     {\sum_i w_i b_i^2 + \sum_i w_i g_i^2}

    where :math:`d_i` is the distance of the row (column) from the nearer edge
    of the box, in heights (widths) of the box: a box that is off by that much
    says little about these bags.  :math:`\mu = 0` is the paper's loss, bit for
    bit.

    Args:
        bags (str): ``'joint'``, one dice over rows and columns together
            (paper), or ``'split'``, the sum of one dice over the rows and
            one over the columns (released).
        loss_weight (float): Default 4.
        warmup_iters (int): Iterations over which the weight rises linearly
            from 0.  Default 0; released: 1000.
        eps (float): Smoothing of the dice.  Default 1e-3.
        edge_margin (float): Share of the box within which bags count less, on
            both sides of each edge; at least 0.  Default 0.
        edge_weight (float): Weight of a bag on the edge, in [0, 1].  Default 0.
    """

    def __init__(self,
                 bags: str = 'joint',
                 loss_weight: float = 4.0,
                 warmup_iters: int = 0,
                 eps: float = 1e-3,
                 edge_margin: float = 0.0,
                 edge_weight: float = 0.0) -> None:
        super().__init__()
        if edge_margin < 0 or not 0 <= edge_weight <= 1:
            raise SettingError('edge_margin must be at least 0 and edge_weight in '
                               f'[0, 1], got {edge_margin} and {edge_weight}')
        if bags not in ('joint', 'split'):
            raise SettingError(f"bags must be 'joint' or 'split', got {bags!r}")
        self.bags = bags
        self.loss_weight = loss_weight
        self.warmup_iters = warmup_iters
        self.eps = eps
        self.edge_margin = edge_margin
        self.edge_weight = edge_weight

    def weight_scale(self, iteration: int) -> float:
        """Linear warm-up of the weight.

        Args:
            iteration (int): Iterations of the runner so far.

        Returns:
            float: In (0, 1].
        """
        return warmup_scale(iteration, self.warmup_iters)

    def forward(self, logits: Tensor, box_mask: Tensor,
                valid: Tensor) -> Tensor:
        """Loss averaged over the batch.

        Args:
            logits (Tensor): Student scores (N, H, W).
            box_mask (Tensor): bool (N, H, W), the filled box.
            valid (Tensor): bool (N, H, W), true where the crop shows the
                image.

        Returns:
            Tensor: fp32 scalar.
        """
        # Max and dice lose too much in half precision: fp32 under autocast.
        with torch.autocast(logits.device.type, enabled=False):
            values = bag_values(logits.float().sigmoid(), valid)
            targets = bag_targets(box_mask, valid)
            if self.edge_margin > 0:
                # A dice of sqrt(w) g and sqrt(w) b is the weighted dice.
                roots = [bag_weights(target, self.edge_margin,
                                     self.edge_weight).sqrt()
                         for target in targets]
                values, targets = (
                    tuple(bag * root for bag, root in zip(bags, roots, strict=True))
                    for bags in (values, targets))
            if self.bags == 'joint':
                values = (torch.cat(values, dim=1), )
                targets = (torch.cat(targets, dim=1), )
            loss = sum(
                dice_loss(value, target, eps=self.eps, reduction='mean')
                for value, target in zip(values, targets, strict=True))
            return self.loss_weight * loss
