"""Mask2Former: mask and dice losses weighted by score."""

import torch
from mmdet.models.dense_heads import Mask2FormerHead
from mmengine.structures import InstanceData
from torch import Tensor

from mmdet_mal.registry import MODELS

from .scores import InstanceWeightedLoss, scores_of


@MODELS.register_module()
class ScoreWeightedMask2FormerHead(Mask2FormerHead):
    """``mmdet.Mask2FormerHead`` that trusts a mask as far as its score says.

    Point-wise and dice loss of each matched query are multiplied by the score
    of its label and divided by the number of labels, as in stock.  Matching
    and classes stay those of stock.

    Args:
        *args: Of the stock head.
        **kwargs: Likewise.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._matched: list[Tensor] = []
        self.loss_mask = InstanceWeightedLoss(self.loss_mask, self._weights)
        self.loss_dice = InstanceWeightedLoss(self.loss_dice, self._weights)

    def _weights(self) -> Tensor:
        """Scores of the matched labels of the batch, in the order of losses."""
        return torch.cat(self._matched)

    def preprocess_gt(self, batch_gt_instances: list,
                      batch_gt_semantic_segs: list) -> list[InstanceData]:
        """Labels and masks as in stock, with their scores; stuff has 1."""
        prepared = super().preprocess_gt(batch_gt_instances,
                                         batch_gt_semantic_segs)
        for new, old in zip(prepared, batch_gt_instances, strict=True):
            scores = scores_of(old)
            new.scores = torch.cat(
                [scores, scores.new_ones(len(new.labels) - len(scores))])
        return prepared

    def _get_targets_single(self, cls_score: Tensor, mask_pred: Tensor,
                            gt_instances: InstanceData,
                            img_meta: dict) -> tuple:
        """Targets as in stock; remembers the matched labels' scores."""
        targets = super()._get_targets_single(cls_score, mask_pred,
                                              gt_instances, img_meta)
        matched = targets[-1].pos_assigned_gt_inds
        self._matched.append(gt_instances.scores[matched])
        return targets

    def _loss_by_feat_single(self, *args, **kwargs) -> tuple[Tensor, ...]:
        """Losses of one decoder layer, as in stock."""
        self._matched = []
        return super()._loss_by_feat_single(*args, **kwargs)
