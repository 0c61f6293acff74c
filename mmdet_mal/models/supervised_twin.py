"""The labeller's network trained on human masks: a yardstick, no labeller."""

from typing import Any

import torch
from torch import Tensor

from mmdet_mal.models.box_geometry import map_stride, rectangle_mask
from mmdet_mal.models.box_losses import filled_share
from mmdet_mal.models.crop_labeler import crop_box_areas, crop_valid_mask
from mmdet_mal.models.mask_auto_labeler import MaskAutoLabeler
from mmdet_mal.registry import MODELS
from mmdet_mal.utils.setting_error import SettingError


@MODELS.register_module()
class SupervisedTwin(MaskAutoLabeler):
    """What the same network, crops and budget reach with human masks.

    Mask retention divides the labeller's mean IoU by this model's.  The teacher
    follows the student as there, so both sides are averaged over the same
    steps.  It is not meant to label anything but test sets.

    Args:
        mask_loss (dict): Config of a
            :class:`~mmdet_mal.models.losses.HumanMaskLoss`.
        *args: See :class:`~mmdet_mal.models.MaskAutoLabeler`.
        **kwargs: Likewise.  The losses on boxes take no part in training;
            ``crf_loss`` still gives the mean field of ``refine`` its
            constants.
    """

    def __init__(self, *args: Any, mask_loss: dict, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if any((self.grouping_loss, self.pairwise_loss, self.class_loss)):
            raise SettingError('the supervised twin learns from masks alone: set '
                               'grouping_loss, pairwise_loss and class_loss to None')
        if self.box_losses.scales != (1, ):
            raise SettingError('the supervised twin compares masks at one scale; '
                               'leave loss_scales out')
        self.mask_loss = MODELS.build(mask_loss)

    def loss(self, inputs: dict[str, Tensor],
             data_samples: dict[str, list]) -> dict[str, Tensor]:
        """Losses of one batch.

        Args:
            inputs (dict): Views ``'student'`` and ``'teacher'`` of the same
                crops, (N, 3, H, W) each; the second is not used.
            data_samples (dict): The views' meta data; ``gt_instances.masks``
                of each student sample holds one human mask (H, W).

        Returns:
            dict[str, Tensor]: Scalars ``loss_dice`` and ``loss_bce``; and
            ``fill``, the mean share of the box that the student calls object,
            as the labeller logs it.
        """
        samples, image = data_samples['student'], inputs['student']
        logits = self.student(image, crop_box_areas(samples))
        size = tuple(logits.shape[-2:])
        stride = map_stride(image.shape[-2:], size)
        valid = crop_valid_mask(samples, logits, stride)
        masks = torch.cat([s.gt_instances.masks.to_tensor(
            torch.uint8, logits.device) for s in samples])
        losses = self.mask_loss(logits, masks, valid)
        boxes = torch.cat([s.gt_instances.bboxes for s in samples])
        losses['fill'] = filled_share(
            logits, rectangle_mask(boxes, size, stride) & valid)
        return losses
