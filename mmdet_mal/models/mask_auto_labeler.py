"""The Mask Auto-Labeler: student and teacher, in training and labelling."""

import copy
from collections.abc import Sequence
from operator import attrgetter

import torch
import torch.nn.functional as F
from mmdet.structures import DetDataSample
from torch import Tensor

from mmdet_mal.models.box_geometry import map_stride
from mmdet_mal.models.box_losses import BoxLosses
from mmdet_mal.models.crop_grouping import CropGrouping
from mmdet_mal.models.crop_labeler import (CropLabeler, crop_box_areas,
                                           crop_valid_mask)
from mmdet_mal.models.crop_maps import CropMaps
from mmdet_mal.models.expansion_views import average_expansions
from mmdet_mal.models.map_parts import box_region, map_parts
from mmdet_mal.models.network_views import mean_view, opinion_pairs
from mmdet_mal.registry import MODELS
from mmdet_mal.utils.setting_error import SettingError

# The mean field wants soft log odds; sharper ones tell good masks from bad.
QUALITY_SHARPNESS = 4.0
REFINEMENTS = ('none', 'mean_field', 'mean_field_full')


@MODELS.register_module()
class MaskAutoLabeler(CropLabeler):
    """Trains masks from boxes and writes them (paper 3, DESIGN section 2).

    The teacher starts as a copy of the student and gets no gradients;
    :class:`~.engine.hooks.MeanTeacherHook` moves it after the student.

    Args:
        network (dict): Config of the
            :class:`~mmdet_mal.models.MaskNetwork` that student and teacher
            share.
        mil_loss (dict): Config of the loss on the boxes.
        crf_loss (dict): Config of the loss on the image's edges.
        grouping_loss (dict, optional): Config of a
            :class:`~mmdet_mal.models.losses.TokenGroupingLoss` on the
            encoder's first map, whose block must be frozen.  Ours; not in the
            paper.
        pairwise_loss (dict, optional): Config of a
            :class:`~mmdet_mal.models.losses.PairwiseLoss`; not in the paper.
        loss_scales (Sequence[int]): Of :class:`.box_losses.BoxLosses`.
        class_loss (dict, optional): Config of a
            :class:`~mmdet_mal.models.losses.ClassLoss` on the decoder's class
            branch (appendix A.2); wanted if and only if the decoder has
            ``num_classes``.
        predictor (str): Who labels: ``'teacher'``, ``'student'`` or
            ``'mean'`` of both.
        flip (bool): Average the labels with those of the mirrored crop.
        refine (str): ``'none'``, or ``'mean_field'``: run the CRF loss's mean
            field over the averaged probability, 0 beyond the box, before it
            becomes a mask (ours); ``'mean_field_full'`` runs it at the
            resolution of the crop instead of the maps'.
        postprocess (dict, optional): Options of
            :class:`~mmdet_mal.labelling.postprocess.MaskOptions`.
        data_preprocessor (dict, optional): ``mmdet.MultiBranchDataPreprocessor``.
        init_cfg (dict, optional): Initialisation of MMEngine.
        quality (dict, optional): Options of
            :class:`~mmdet_mal.quality.MaskQuality`.
        quality_views (str): What the components of the quality score may
            cost: ``'labels'``, nothing beyond what the labels need; or
            ``'both_networks'``, one more pass if only one of student and
            teacher labels, for ``student_teacher_iou``.  Masks are the same.
        teacher_start (str): ``'copy'`` of the student (paper), or
            ``'random'``, weights of its own draw beside the same pretrained
            encoder (released); then :class:`~.engine.hooks.MeanTeacherHook`
            is the hook, as the stock one copies the student at the start.
        expansions (Sequence[float]): Average the labels with those of narrower
            views of each crop, see :mod:`.expansion_views`; rates below that
            of the pipeline's expansion.
        label_grouping (dict, optional): Options of
            :class:`~mmdet_mal.models.crop_grouping.CropGrouping`: labels come
            from the grouping of the encoder's first map, whose block should be
            frozen, and the network's log odds together.
    """

    # Under the names of their settings, also for labelling and exports.
    mil_loss = property(attrgetter('box_losses.mil'))
    crf_loss = property(attrgetter('box_losses.crf'))
    grouping_loss = property(attrgetter('box_losses.grouping'))
    pairwise_loss = property(attrgetter('box_losses.pairwise'))
    class_loss = property(attrgetter('box_losses.classes'))

    def __init__(self,
                 network: dict,
                 mil_loss: dict,
                 crf_loss: dict,
                 grouping_loss: dict | None = None,
                 class_loss: dict | None = None,
                 predictor: str = 'teacher',
                 flip: bool = False,
                 refine: str = 'none',
                 postprocess: dict | None = None,
                 data_preprocessor: dict | None = None,
                 init_cfg: dict | None = None,
                 quality: dict | None = None,
                 quality_views: str = 'labels',
                 teacher_start: str = 'copy',
                 expansions: Sequence[float] = (),
                 label_grouping: dict | None = None,
                 pairwise_loss: dict | None = None,
                 loss_scales: Sequence[int] = (1, )) -> None:
        super().__init__(postprocess, data_preprocessor, init_cfg, quality)
        for name, value, known in (
            ('predictor', predictor, ('teacher', 'student', 'mean')),
            ('refine', refine, REFINEMENTS),
            ('quality_views', quality_views, ('labels', 'both_networks')),
            ('teacher_start', teacher_start, ('copy', 'random'))):
            if value not in known:
                raise SettingError(f'{name} must be one of {known}, got {value!r}')
        if any(rate < 0 for rate in expansions):
            raise SettingError(f'expansions must be at least 0, got {expansions}')
        self.teacher_start = teacher_start
        self.student = MODELS.build(network)
        self.teacher = (
            copy.deepcopy(self.student)
            if teacher_start == 'copy' else MODELS.build(network))
        self.teacher.requires_grad_(False)
        self.box_losses = BoxLosses(mil_loss, crf_loss, grouping_loss,
                                    pairwise_loss, class_loss, loss_scales,
                                    self.student.decoder.num_classes)
        self.predictor = predictor
        self.flip = flip
        self.refine = refine
        self.quality_views = quality_views
        self.expansions = tuple(expansions)
        self.label_grouping = (
            None if label_grouping is None else CropGrouping(**label_grouping))

    def init_weights(self) -> None:
        """Initialise the student; the teacher starts as its copy, or not."""
        self.student.init_weights()
        if self.teacher_start == 'copy':
            self.teacher.load_state_dict(self.student.state_dict())
        else:
            self.teacher.init_weights()
        self._is_init = True

    def train(self, mode: bool = True) -> 'MaskAutoLabeler':
        """Keep the teacher in evaluation mode: no dropout, no drop path."""
        super().train(mode)
        self.teacher.eval()
        return self

    def forward(self,
                inputs: Tensor | dict[str, Tensor],
                data_samples: list | dict[str, list] | None = None,
                mode: str = 'tensor') -> Tensor | dict | list:
        """Entry point of MMEngine.

        Args:
            inputs (Tensor | dict): ``mode='loss'``: crops (N, 3, H, W) under
                ``'student'`` and ``'teacher'``; else one tensor.
            data_samples (list | dict): Meta data of the crops, branched like
                ``inputs``.
            mode (str): ``'loss'``, ``'predict'`` or ``'tensor'``.

        Returns:
            Tensor | dict | list: Losses; samples with masks; or logits.
        """
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        if mode == 'tensor':
            return self.student(inputs, crop_box_areas(data_samples))
        raise ValueError(f"mode must be 'loss', 'predict' or 'tensor', got {mode!r}")

    def loss(self, inputs: dict[str, Tensor],
             data_samples: dict[str, list]) -> dict[str, Tensor]:
        """Losses of one batch.

        Args:
            inputs (dict): Views ``'student'`` and ``'teacher'`` of the same
                crops, (N, 3, H, W) each.
            data_samples (dict): The views' meta data.

        Returns:
            dict[str, Tensor]: Scalars ``loss_mil``, ``loss_crf``, if wanted
            ``loss_pairwise``, while it lasts ``loss_grouping``, with a class
            branch ``loss_class``; and ``fill``, the mean share of the box that
            the student calls object, for people who read logs.
        """
        samples = data_samples['student']
        image = inputs['student']
        areas = crop_box_areas(samples)
        logits, class_logits = self.student.decode_with_classes(
            self.student.extract(image), areas, image.shape[-2:])
        with torch.no_grad():
            teacher_feats = self.teacher.extract(inputs['teacher'])
            teacher_logits = self.teacher.decode(teacher_feats, areas,
                                                 image.shape[-2:])
        return self.box_losses(logits, teacher_logits, image, samples,
                               teacher_feats[0], class_logits)

    @torch.no_grad()
    def predict_views(self, crops: Tensor,
                      areas: Tensor) -> dict[tuple[str, str], Tensor]:
        """Probability by each network, of the crop and of its mirror image.

        Args:
            crops (Tensor): Normalised crops (N, 3, H, W).
            areas (Tensor): (N,) box areas in px² of the original image.

        Returns:
            dict[tuple[str, str], Tensor]: By network (``'teacher'``,
            ``'student'``) and view (``'plain'``, ``'mirrored'``), fp32
            (N, H / 4, W / 4) in [0, 1]; mirrored ones are mirrored back.
        """
        return self._predict_with_tokens(crops, areas)[0]

    def _predict_with_tokens(
            self, crops: Tensor,
            areas: Tensor) -> tuple[dict[tuple[str, str], Tensor], Tensor]:
        """Views as of :meth:`predict_views`; first map of the first encoder."""
        views, tokens = {}, None
        both = ('teacher', 'student')
        for name in both if self.predictor == 'mean' else (self.predictor, ):
            network = getattr(self, name)
            logits, first = network.forward_with_tokens(crops, areas)
            tokens = first if tokens is None else tokens
            views[name, 'plain'] = logits.float().sigmoid()
            if self.flip:
                mirrored = network(crops.flip(-1), areas)
                views[name, 'mirrored'] = mirrored.float().sigmoid().flip(-1)
        return views, tokens

    def predict_probability(self, crops: Tensor, areas: Tensor) -> Tensor:
        """Probability that a pixel belongs to the box's object.

        Args:
            crops (Tensor): Normalised crops (N, 3, H, W).
            areas (Tensor): (N,) box areas in px² of the original image.

        Returns:
            Tensor: fp32 (N, H / 4, W / 4) in [0, 1], mean of all views.
        """
        return mean_view(self.predict_views(crops, areas).values())

    @torch.no_grad()
    def infer_maps(self, inputs: Tensor,
                   data_samples: list[DetDataSample]) -> CropMaps:
        """Probability maps as the masks are cut from: refined, if so set.

        Args:
            inputs (Tensor): Normalised crops (N, 3, H, W), N at least 1.
            data_samples (list[DetDataSample]): Their meta data.

        Returns:
            CropMaps: Maps (N, H / 4, W / 4) on the model's device with the
            components of :func:`.map_parts.map_parts` and, as far as the
            switches give them, ``flip_iou`` and ``student_teacher_iou``.
        """
        areas = crop_box_areas(data_samples)
        views, tokens = self._predict_with_tokens(inputs, areas)
        if self.expansions:
            boxes = torch.cat([s.gt_instances.bboxes for s in data_samples])
            views = average_expansions(self.predict_views, views, inputs, areas,
                                       boxes.to(inputs), self.expansions)
        raw = mean_view(views.values())
        stride = map_stride(inputs.shape[-2:], raw.shape[-2:])
        valid = crop_valid_mask(data_samples, raw, stride)
        in_box = box_region(data_samples, raw)
        pairs = opinion_pairs(
            views, (lambda name: getattr(self, name)(inputs, areas).float().sigmoid())
            if self.quality_views == 'both_networks' else None)
        unary, refined, prob = raw, None, None
        if self.label_grouping is not None:
            scores = self.label_grouping.score_tokens(tokens, data_samples,
                                                      inputs.shape[-2:])
            unary = refined = prob = self.label_grouping.combine(raw, scores)
            raw = self.label_grouping.combine(raw, scores, QUALITY_SHARPNESS)
        if self.refine != 'none':
            prob = self._refine(unary, inputs, data_samples)
            # Components are told at the resolution of the maps.
            factor = prob.shape[-1] // raw.shape[-1]
            refined = F.avg_pool2d(prob, factor) if factor > 1 else prob
        parts = map_parts(raw, in_box, self.mask_options.threshold, pairs, refined,
                          valid)
        return CropMaps(raw if prob is None else prob, parts)

    def _refine(self, raw: Tensor, inputs: Tensor,
                data_samples: list[DetDataSample]) -> Tensor:
        """Mean field over maps (N, h, w), at their size or at the crop's."""
        if self.refine == 'mean_field_full':
            raw = F.interpolate(raw[:, None], inputs.shape[-2:], mode='bilinear',
                                align_corners=False)[:, 0]
        stride = map_stride(inputs.shape[-2:], raw.shape[-2:])
        colours = inputs.float()
        colours = F.avg_pool2d(colours, stride) if stride > 1 else colours
        # Ground beyond the box is known, and the mean field carries it in.
        cut = box_region(data_samples, raw, self.mask_options.box_margin)
        return self.crf_loss.marginals(
            raw * cut, colours, crop_valid_mask(data_samples, raw, stride))
