"""Mask R-CNN and Cascade Mask R-CNN: mask losses weighted by score."""

import torch
from mmdet.models.losses import CrossEntropyLoss
from mmdet.models.roi_heads.mask_heads import FCNMaskHead
from torch import Tensor, nn

from mmdet_mal.registry import MODELS
from mmdet_mal.utils.errors import UserError

from .scores import scores_of


@MODELS.register_module()
class ScoreWeightedFCNMaskHead(FCNMaskHead):
    """``mmdet.FCNMaskHead`` that trusts a mask as far as its score says.

    The loss of each proposal is multiplied by the score of the label it was
    given; the mean is over all proposals, as in stock, so with scores of 1 the
    loss has the bits of stock.  Boxes and classes are learned as ever.

    Args:
        *args: Of the stock head.
        **kwargs: Likewise; ``loss_mask`` must be CrossEntropyLoss with
            ``use_mask=True``, as in all stock recipes.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if not (isinstance(self.loss_mask, CrossEntropyLoss)
                and self.loss_mask.use_mask):
            raise UserError(
                'ScoreWeightedFCNMaskHead weights CrossEntropyLoss with '
                f'use_mask=True, got {type(self.loss_mask).__name__}')
        self.loss_mask = _ProposalWeightedLoss(self.loss_mask)

    def loss_and_target(self, mask_preds: Tensor, sampling_results: list,
                        batch_gt_instances: list, rcnn_train_cfg) -> dict:
        """Loss of the positive proposals.

        Args:
            mask_preds (Tensor): Logits (n, classes, h, w).
            sampling_results (list): Of each image.
            batch_gt_instances (list): Of each image, with ``scores``.
            rcnn_train_cfg: As in stock.

        Returns:
            dict: ``loss_mask`` and ``mask_targets``, as in stock.
        """
        self.loss_mask.weights = torch.cat([
            scores_of(gt)[res.pos_assigned_gt_inds] for gt, res in
            zip(batch_gt_instances, sampling_results, strict=True)])
        return super().loss_and_target(mask_preds, sampling_results,
                                       batch_gt_instances, rcnn_train_cfg)


class _ProposalWeightedLoss(nn.Module):
    """The stock mask loss with one weight a proposal.

    Args:
        loss (CrossEntropyLoss): Of stock.
    """

    def __init__(self, loss: CrossEntropyLoss) -> None:
        super().__init__()
        self.loss = loss
        self.weights = torch.zeros(0)

    def forward(self, pred: Tensor, target: Tensor, labels: Tensor) -> Tensor:
        """Mean over proposals and their pixels; arguments as in stock."""
        return self.loss.loss_weight * self.loss.cls_criterion(
            pred, target, labels,
            class_weight=self.weights.to(pred.dtype)[:, None, None])
