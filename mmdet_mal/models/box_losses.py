"""All that a labeller is trained with: what boxes and images say of masks."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmdet.structures import DetDataSample
from mmengine.logging import MessageHub
from torch import Tensor, nn

from mmdet_mal.models.box_geometry import map_stride, rectangle_mask
from mmdet_mal.models.crop_labeler import crop_valid_mask
from mmdet_mal.registry import MODELS
from mmdet_mal.utils.setting_error import SettingError


class BoxLosses(nn.Module):
    """The losses of a :class:`~mmdet_mal.models.MaskAutoLabeler`.

    It has no parameters and no buffers, so no checkpoint knows of it.

    Args:
        mil_loss (dict): Config of the loss on the boxes.
        crf_loss (dict): Config of the loss on the image's edges.
        grouping_loss (dict, optional): Config of a
            :class:`~mmdet_mal.models.losses.TokenGroupingLoss`.
        pairwise_loss (dict, optional): Config of a
            :class:`~mmdet_mal.models.losses.PairwiseLoss`.
        class_loss (dict, optional): Config of a
            :class:`~mmdet_mal.models.losses.ClassLoss`.
        scales (Sequence[int]): MIL, CRF and pairwise loss are the mean of
            those of the logits average-pooled by each of these factors.
            Default (1,), the logits as they are (paper).
        num_classes (int): Of the decoder's class branch; 0 for none.

    Raises:
        SettingError: If a scale is no factor, or the class branch and its loss
            are not both there or both absent.
    """

    def __init__(self,
                 mil_loss: dict,
                 crf_loss: dict,
                 grouping_loss: dict | None = None,
                 pairwise_loss: dict | None = None,
                 class_loss: dict | None = None,
                 scales: Sequence[int] = (1, ),
                 num_classes: int = 0) -> None:
        super().__init__()
        # A branch without a loss has no gradient, which DDP does not forgive.
        if bool(class_loss) != bool(num_classes):
            raise SettingError(
                "class_loss and the decoder's num_classes belong together, got "
                f'class_loss={class_loss} and num_classes={num_classes}; set '
                'model.network.decoder.num_classes to the number of categories '
                'and model.class_loss.type=mmdet_mal.ClassLoss, or neither')
        scales = tuple(scales)
        if not scales or len(set(scales)) < len(scales) or any(
                scale != int(scale) or scale < 1 for scale in scales):
            raise SettingError('loss_scales must be one or more different whole '
                               f'numbers of at least 1, got {scales}')
        self.scales = tuple(int(scale) for scale in scales)
        self.mil = MODELS.build(mil_loss)
        self.crf = MODELS.build(crf_loss)
        self.grouping, self.pairwise, self.classes = (
            MODELS.build(cfg) if cfg else None
            for cfg in (grouping_loss, pairwise_loss, class_loss))

    def forward(self, logits: Tensor, teacher_logits: Tensor, image: Tensor,
                samples: list[DetDataSample], teacher_tokens: Tensor,
                class_logits: Tensor | None = None) -> dict[str, Tensor]:
        """Losses of one batch.

        Args:
            logits (Tensor): Student scores (N, H, W).
            teacher_logits (Tensor): (N, H, W).
            image (Tensor): The student's normalised crops (N, 3, sH, sW).
            samples (list[DetDataSample]): Their meta data and boxes.
            teacher_tokens (Tensor): First map of the teacher's encoder
                (N, C, h, w), for the grouping.
            class_logits (Tensor, optional): (N, num_classes), with a class
                loss.

        Returns:
            dict[str, Tensor]: See :meth:`.MaskAutoLabeler.loss`.

        Raises:
            SettingError: If the crops have another number of pixels a score
                along one side than along the other.
        """
        stride = map_stride(image.shape[-2:], logits.shape[-2:])
        boxes = torch.cat([s.gt_instances.bboxes for s in samples])
        box_mask = rectangle_mask(boxes, tuple(logits.shape[-2:]), stride)
        valid = crop_valid_mask(samples, logits, stride)
        iteration = MessageHub.get_current_instance().get_info('iter', 0)
        scaled = [
            self._at_scale(scale, logits, teacher_logits, image, boxes, box_mask,
                           valid, iteration) for scale in self.scales]
        # One scale is handed on as it is: a mean might round.
        losses = scaled[0] if len(scaled) == 1 else {
            key: torch.stack([one[key] for one in scaled]).mean()
            for key in scaled[0]}
        if self.grouping is not None:
            weight = self.grouping.weight_scale(iteration)
            if weight > 0:
                losses['loss_grouping'] = weight * self.grouping(
                    logits, teacher_tokens, box_mask, valid)
        if self.classes is not None:
            labels = torch.cat([s.gt_instances.labels for s in samples])
            losses['loss_class'] = self.classes.weight_scale(
                iteration) * self.classes(class_logits, labels)
        losses['fill'] = filled_share(logits, box_mask & valid)
        return losses

    def _at_scale(self, scale: int, logits: Tensor, teacher_logits: Tensor,
                  image: Tensor, boxes: Tensor, box_mask: Tensor, valid: Tensor,
                  iteration: int) -> dict[str, Tensor]:
        """MIL, CRF and pairwise loss at one scale; maps as in :meth:`forward`."""
        stride = map_stride(image.shape[-2:], logits.shape[-2:]) * scale
        if scale > 1:
            logits, teacher_logits = (
                _pool(maps, scale) for maps in (logits, teacher_logits))
            box_mask = rectangle_mask(boxes, tuple(logits.shape[-2:]), stride)
            # No padding may hide in a coarse pixel.
            valid = _pool(valid.float(), scale) == 1
        # The losses live at the scores' resolution, so the colours do too.
        colours = F.avg_pool2d(image.float(), stride)
        losses = dict(
            loss_mil=self.mil.weight_scale(iteration) *
            self.mil(logits, box_mask, valid),
            loss_crf=self.crf.weight_scale(iteration) *
            self.crf(logits, teacher_logits, colours, box_mask, valid))
        if self.pairwise is not None:
            losses['loss_pairwise'] = self.pairwise.weight_scale(
                iteration) * self.pairwise(logits, colours, box_mask, valid)
        return losses


def filled_share(logits: Tensor, inside: Tensor) -> Tensor:
    """Share of the boxes that the logits call object, for people who read logs.

    Args:
        logits (Tensor): (N, H, W).
        inside (Tensor): bool (N, H, W), the boxes' pixels that show the image.

    Returns:
        Tensor: Scalar in [0, 1] without gradient.
    """
    covered = ((logits.detach() > 0) & inside).sum()
    return covered / inside.sum().clamp(min=1)


def _pool(maps: Tensor, factor: int) -> Tensor:
    """Means of squares of ``factor`` pixels, (N, H / factor, W / factor)."""
    if any(side % factor for side in maps.shape[-2:]):
        raise SettingError(
            f'loss_scales: maps of {tuple(maps.shape[-2:])} cannot be pooled by '
            f'{factor}; take a factor of both sides (a quarter of the crop)')
    return F.avg_pool2d(maps[:, None], factor)[:, 0]
