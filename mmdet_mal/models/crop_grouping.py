"""The grouping of a crop's tokens as scores on its map."""

import torch
import torch.nn.functional as F
from mmdet.structures import DetDataSample
from torch import Tensor

from mmdet_mal.models.box_geometry import covered_cells
from mmdet_mal.models.token_grouping import group_tokens, repeat_edge
from mmdet_mal.utils.setting_error import SettingError

# Probabilities are kept this far from 0 and 1 before they become log odds.
_CLAMP = 1e-3


class CropGrouping:
    """Tells object from ground in a crop by its frozen tokens alone (ours).

    Args:
        ridge (float): See
            :func:`~mmdet_mal.models.token_grouping.group_tokens`, like the
            following.
        rounds (int): Of relabelling.
        bias (float): Of the classifier.
        sharpness (float): Log odds of a score of 1; positive.
        network_weight (float): Weight of a network's log odds beside those of
            the grouping, see :meth:`combine`; not negative.
    """

    def __init__(self, *, sharpness: float = 1.0, network_weight: float = 0.25,
                 **grouping: float) -> None:
        if sharpness <= 0:
            raise SettingError(f'sharpness must be positive, got {sharpness}')
        if network_weight < 0:
            raise SettingError(
                f'network_weight must not be negative, got {network_weight}')
        self.sharpness = sharpness
        self.network_weight = network_weight
        self.grouping = grouping

    def score_tokens(self, tokens: Tensor, data_samples: list[DetDataSample],
                     crop_size: tuple[int, int]) -> Tensor:
        """Object against ground for the tokens of each crop.

        Args:
            tokens (Tensor): Frozen feature map (N, C, h, w).
            data_samples (list[DetDataSample]): With ``gt_instances.bboxes``
                (1, 4) and ``valid_bbox`` (4,), xyxy in crop pixels.
            crop_size (tuple[int, int]): Height and width of the crops.

        Returns:
            Tensor: fp32 scores (N, h, w), positive for the object; beyond the
            image those of the nearest token that shows it.
        """
        # Under a label run's autocast the sums over tokens would lose digits.
        with torch.autocast(tokens.device.type, enabled=False):
            tokens = tokens.float()
            boxes = torch.cat([s.gt_instances.bboxes for s in data_samples])
            valid_boxes = torch.tensor([list(s.valid_bbox) for s in data_samples])
            inside, valid = (
                covered_cells(b.to(tokens), tuple(tokens.shape[-2:]),
                              tuple(crop_size)) for b in (boxes, valid_boxes))
            return repeat_edge(
                group_tokens(tokens, inside, valid, **self.grouping), valid)

    def combine(self, prob: Tensor, scores: Tensor,
                sharper: float = 1.0) -> Tensor:
        """Join a network's opinion with the grouping's.

        Args:
            prob (Tensor): The network's probabilities (N, H, W).
            scores (Tensor): From :meth:`score_tokens`, (N, h, w).
            sharper (float): Factor on the sum of log odds.

        Returns:
            Tensor: fp32 (N, H, W), the sigmoid of sharpness · score +
            network_weight · log odds of ``prob``.
        """
        scores = resize_scores(scores, tuple(prob.shape[-2:]))
        odds = torch.logit(prob.float().clamp(_CLAMP, 1 - _CLAMP))
        odds = self.sharpness * scores + self.network_weight * odds
        return (sharper * odds).sigmoid()


def resize_scores(scores: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize scores (N, h, w) to (N, *size), bicubic."""
    return F.interpolate(scores[:, None], size=size, mode='bicubic',
                         align_corners=False)[:, 0]
