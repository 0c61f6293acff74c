"""The Mask Auto-Labeler: student, teacher and the two losses."""

import copy

import torch
import torch.nn.functional as F
from mmdet.structures import DetDataSample
from mmengine.logging import MessageHub
from mmengine.model import BaseModel
from torch import Tensor

from mmdet_mal.labelling.inference import annotate_sample
from mmdet_mal.labelling.postprocess import MaskOptions
from mmdet_mal.models.box_geometry import rectangle_mask
from mmdet_mal.registry import MODELS


@MODELS.register_module()
class MaskAutoLabeler(BaseModel):
    """Trains masks from boxes and writes them (paper 3, DESIGN section 2).

    The teacher is a copy of the student and gets no gradients;
    ``mmdet.MeanTeacherHook`` moves it after the student.

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
        predictor (str): Who labels: ``'teacher'``, ``'student'`` or
            ``'mean'`` of both.
        flip (bool): Average the labels with those of the mirrored crop.
        refine (str): ``'none'``, or ``'mean_field'``: run the CRF loss's mean
            field over the averaged probability before it becomes a mask
            (ours).
        postprocess (dict, optional): Options of
            :class:`~mmdet_mal.labelling.postprocess.MaskOptions`.
        data_preprocessor (dict, optional): ``mmdet.MultiBranchDataPreprocessor``
            around ``mmdet.DetDataPreprocessor``.
        init_cfg (dict, optional): Initialisation of MMEngine.
    """

    def __init__(self,
                 network: dict,
                 mil_loss: dict,
                 crf_loss: dict,
                 grouping_loss: dict | None = None,
                 predictor: str = 'teacher',
                 flip: bool = False,
                 refine: str = 'none',
                 postprocess: dict | None = None,
                 data_preprocessor: dict | None = None,
                 init_cfg: dict | None = None) -> None:
        super().__init__(data_preprocessor, init_cfg)
        if predictor not in ('teacher', 'student', 'mean'):
            raise ValueError("predictor must be 'teacher', 'student' or "
                             f"'mean', got {predictor!r}")
        if refine not in ('none', 'mean_field'):
            raise ValueError("refine must be 'none' or 'mean_field', got "
                             f'{refine!r}')
        self.student = MODELS.build(network)
        self.teacher = copy.deepcopy(self.student)
        self.teacher.requires_grad_(False)
        self.mil_loss = MODELS.build(mil_loss)
        self.crf_loss = MODELS.build(crf_loss)
        self.grouping_loss = (
            MODELS.build(grouping_loss) if grouping_loss else None)
        self.predictor = predictor
        self.flip = flip
        self.refine = refine
        self.mask_options = MaskOptions(**(postprocess or {}))

    def init_weights(self) -> None:
        """Initialise the student; the teacher starts as its copy."""
        self.student.init_weights()
        self.teacher.load_state_dict(self.student.state_dict())
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
            Tensor | dict | list: Losses; samples with ``pred_instances``; or
            logits (N, H / 4, W / 4).
        """
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        if mode == 'tensor':
            return self.student(inputs, _box_areas(data_samples, inputs))
        raise ValueError(
            f"mode must be 'loss', 'predict' or 'tensor', got {mode!r}")

    def loss(self, inputs: dict[str, Tensor],
             data_samples: dict[str, list]) -> dict[str, Tensor]:
        """Losses of one batch.

        Args:
            inputs (dict): Views ``'student'`` and ``'teacher'`` of the same
                crops, (N, 3, H, W) each.
            data_samples (dict): The views' meta data.

        Returns:
            dict[str, Tensor]: ``loss_mil``, ``loss_crf`` and, while it lasts,
            ``loss_grouping``, scalars; and ``fill``, the mean share of the
            box that the student calls object, for people who read logs.
        """
        samples = data_samples['student']
        image = inputs['student']
        areas = _box_areas(samples, image)
        logits = self.student(image, areas)
        with torch.no_grad():
            teacher_feats = self.teacher.extract(inputs['teacher'])
            teacher_logits = self.teacher.decode(teacher_feats, areas,
                                                 image.shape[-2:])

        size = tuple(logits.shape[-2:])
        stride = image.shape[-1] // size[-1]
        boxes = torch.cat([s.gt_instances.bboxes for s in samples])
        box_mask = rectangle_mask(boxes, size, stride)
        valid = _valid_mask(samples, logits, stride)
        # The losses live at the scores' resolution, so the colours do too.
        colours = F.avg_pool2d(image.float(), stride)
        iteration = MessageHub.get_current_instance().get_info('iter', 0)
        losses = dict(
            loss_mil=self.mil_loss.weight_scale(iteration) *
            self.mil_loss(logits, box_mask, valid),
            loss_crf=self.crf_loss.weight_scale(iteration) *
            self.crf_loss(logits, teacher_logits, colours, box_mask, valid))
        if self.grouping_loss is not None:
            scale = self.grouping_loss.weight_scale(iteration)
            if scale > 0:
                losses['loss_grouping'] = scale * self.grouping_loss(
                    logits, teacher_feats[0], box_mask, valid)
        inside = box_mask & valid
        covered = ((logits.detach() > 0) & inside).sum()
        losses['fill'] = covered / inside.sum().clamp(min=1)
        return losses

    @torch.no_grad()
    def predict_probability(self, crops: Tensor, areas: Tensor) -> Tensor:
        """Probability that a pixel belongs to the box's object.

        Args:
            crops (Tensor): Normalised crops (N, 3, H, W).
            areas (Tensor): (N,) box areas in px² of the original image.

        Returns:
            Tensor: fp32 (N, H / 4, W / 4) in [0, 1].
        """
        networks = dict(
            teacher=[self.teacher],
            student=[self.student],
            mean=[self.teacher, self.student])[self.predictor]
        probs = []
        for network in networks:
            probs.append(network(crops, areas).float().sigmoid())
            if self.flip:
                mirrored = network(crops.flip(-1), areas)
                probs.append(mirrored.float().sigmoid().flip(-1))
        return torch.stack(probs).mean(dim=0)

    def predict(self, inputs: Tensor,
                data_samples: list[DetDataSample]) -> list[DetDataSample]:
        """Label the box of each crop.

        Args:
            inputs (Tensor): Normalised crops (N, 3, H, W); N may be 0.
            data_samples (list[DetDataSample]): Their meta data.

        Returns:
            list[DetDataSample]: The same samples with ``pred_instances``:
            ``masks`` holds one RLE of the full image.
        """
        if len(data_samples) == 0:
            return []
        probs = self.predict_probability(inputs,
                                         _box_areas(data_samples, inputs))
        if self.refine == 'mean_field':
            stride = inputs.shape[-1] // probs.shape[-1]
            probs = self.crf_loss.marginals(
                probs, F.avg_pool2d(inputs.float(), stride),
                _valid_mask(data_samples, probs, stride))
        for prob, sample in zip(probs.cpu().numpy(), data_samples,
                                strict=True):
            annotate_sample(sample, prob, self.mask_options)
        return data_samples


def _box_areas(data_samples: list[DetDataSample] | None,
               like: Tensor) -> Tensor:
    """Box areas in px² of the original image, (N,) float32."""
    if data_samples is None:
        raise ValueError('MaskAutoLabeler needs data_samples: the areas of '
                         'the boxes choose the resolution of the scores')
    return torch.tensor([float(s.box_area) for s in data_samples],
                        device=like.device)


def _valid_mask(data_samples: list[DetDataSample], like: Tensor,
                stride: int) -> Tensor:
    """Where the crops show the image, bool, of the shape of ``like``."""
    boxes = torch.tensor([list(s.valid_bbox) for s in data_samples],
                         dtype=torch.float32, device=like.device)
    return rectangle_mask(boxes, tuple(like.shape[-2:]), stride)
