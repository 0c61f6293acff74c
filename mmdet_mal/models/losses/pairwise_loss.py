"""Colour-similarity loss: neighbours of one colour get one label (BoxInst)."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmdet_mal.models.mean_field.pairwise import FORWARD_OFFSETS, pair_views
from mmdet_mal.registry import MODELS
from mmdet_mal.utils.setting_error import SettingError

from .warmup import warmup_scale


def different_labels(here: Tensor, there: Tensor) -> Tensor:
    r"""Surprise at two pixels having one label, in log space.

    .. math:: -\log(p_i p_j + (1 - p_i)(1 - p_j))

    Args:
        here (Tensor): Logits of any shape.
        there (Tensor): Logits of the neighbours, of that shape.

    Returns:
        Tensor: At least 0, of that shape; finite for any finite logits.
    """
    both_object = F.logsigmoid(here) + F.logsigmoid(there)
    both_ground = F.logsigmoid(-here) + F.logsigmoid(-there)
    return -torch.logaddexp(both_object, both_ground)


@MODELS.register_module()
class PairwiseLoss(nn.Module):
    r"""Neighbours of similar colour should have one label, whichever it is.

    Source: Tian et al., BoxInst, CVPR 2021, section 3.2.  For pairs (i, j) of
    pixels ``dilation`` apart, among the 8 neighbours,

    .. math::
        L = \frac{1}{|E|} \sum_{(i,j) \in E} -\log(p_i p_j + (1-p_i)(1-p_j)),
        \qquad
        E = \{(i, j): e^{-|c_i - c_j| / \theta} \ge \tau\}

    over the pairs with both ends in the image and at least one in the box.  As
    in BoxInst's code the mean is over the similar pairs alone; each crop weighs
    the same.

    **It has two flat answers.** A mask that fills the box, or the whole crop,
    costs nothing either, and beside it only the MIL loss asks for ground.  On
    ``coco_mini`` a weight of 1 from the first steps on collapsed to all
    foreground; 0.3, ramped up late, did no harm (DESIGN section 8).  Hence the
    default weight, and a ``warmup_iters`` of about half the training is wise.

    **Colours** are those that the CRF loss gets: the student's normalised RGB,
    one unit about 57 of 255 levels.  BoxInst measures in CIE LAB with theta 2
    and tau .3, so pairs up to 2.4 LAB units apart are similar.  For greys, whose
    L runs over 100 units in 255 levels, that is a step of 6.1 levels in each
    channel, or :math:`\sqrt{3} \cdot 6.1 / 57 = .19` here; theta .15 puts the
    limit at .18, a step of 5.9 levels.  Other colours are judged by the same
    distance, where LAB is stricter with some and laxer with others.

    Args:
        theta (float): Colour scale on the normalised image; positive.  Default
            0.15.
        tau (float): Least similarity of a pair, in (0, 1].  Default 0.3
            (BoxInst).
        dilation (int): Distance in score pixels to the neighbours, at least 1.
            Default 2 (BoxInst).
        loss_weight (float): Default 0.3 (ours; BoxInst 1).
        warmup_iters (int): Iterations over which the weight rises linearly
            from 0.  Default 0; BoxInst 10000.
    """

    def __init__(self,
                 theta: float = 0.15,
                 tau: float = 0.3,
                 dilation: int = 2,
                 loss_weight: float = 0.3,
                 warmup_iters: int = 0) -> None:
        super().__init__()
        if not theta > 0:
            raise SettingError(f'theta must be positive, got {theta}')
        if not 0 < tau <= 1:
            raise SettingError(f'tau must be in (0, 1], got {tau}')
        if dilation != int(dilation) or dilation < 1:
            raise SettingError('dilation must be a whole number of at least 1, '
                               f'got {dilation}')
        self.theta = theta
        self.tau = tau
        self.dilation = int(dilation)
        self.loss_weight = loss_weight
        self.warmup_iters = warmup_iters

    def weight_scale(self, iteration: int) -> float:
        """Linear warm-up of the weight.

        Args:
            iteration (int): Iterations of the runner so far.

        Returns:
            float: In (0, 1].
        """
        return warmup_scale(iteration, self.warmup_iters)

    def pair_masks(self, image: Tensor, box_mask: Tensor,
                   valid: Tensor) -> list[Tensor]:
        """Which pairs take part.

        Args:
            image (Tensor): Normalised image (N, 3, H, W).
            box_mask (Tensor): bool (N, H, W).
            valid (Tensor): bool (N, H, W).

        Returns:
            list[Tensor]: One bool (N, h, w) for each step of
            :data:`~mmdet_mal.models.mean_field.pairwise.FORWARD_OFFSETS`, on
            the pixels that have that neighbour.
        """
        # exp(-d / theta) >= tau, without an exponential for each pair.
        limit = (self.theta * math.log(1 / self.tau))**2
        masks = []
        for offset in self._offsets():
            here, there = pair_views(image, offset)
            similar = (here - there).square().sum(dim=1) <= limit
            box_here, box_there = pair_views(box_mask, offset)
            valid_here, valid_there = pair_views(valid, offset)
            masks.append(similar & (box_here | box_there)
                         & valid_here & valid_there)
        return masks

    def forward(self, logits: Tensor, image: Tensor, box_mask: Tensor,
                valid: Tensor) -> Tensor:
        """Loss averaged over the batch.

        Args:
            logits (Tensor): Student scores (N, H, W).
            image (Tensor): Normalised image at their resolution (N, 3, H, W).
            box_mask (Tensor): bool (N, H, W), the filled box.
            valid (Tensor): bool (N, H, W), true where the crop shows the
                image.

        Returns:
            Tensor: fp32 scalar; a crop without a similar pair counts 0.
        """
        with torch.autocast(logits.device.type, enabled=False):
            logits, image = logits.float(), image.float()
            total = count = 0
            masks = self.pair_masks(image, box_mask, valid)
            for offset, mask in zip(self._offsets(), masks, strict=True):
                surprise = different_labels(*pair_views(logits, offset))
                total = total + (surprise * mask).sum(dim=(1, 2))
                count = count + mask.sum(dim=(1, 2))
            return self.loss_weight * (total / count.clamp(min=1)).mean()

    def _offsets(self) -> list[tuple[int, int]]:
        """Steps (dy, dx) to half of the neighbours; pairs count once."""
        return [(dy * self.dilation, dx * self.dilation)
                for dy, dx in FORWARD_OFFSETS]
