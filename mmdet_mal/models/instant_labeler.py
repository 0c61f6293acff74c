"""Masks without training: the tokens of a frozen encoder, grouped per box."""

import torch
import torch.nn.functional as F
from mmdet.structures import DetDataSample
from torch import Tensor

from mmdet_mal.engine.checkpoint import CheckpointError
from mmdet_mal.models.crop_grouping import CropGrouping, resize_scores
from mmdet_mal.models.crop_labeler import CropLabeler, crop_valid_mask
from mmdet_mal.models.crop_maps import CropMaps
from mmdet_mal.models.encoders.pretrained import load_pretrained_encoder
from mmdet_mal.models.encoders.whole_patches import check_whole_patches
from mmdet_mal.models.heads.resize import resize_bilinear
from mmdet_mal.models.map_parts import box_region, map_parts
from mmdet_mal.models.mean_field import crf_marginals
from mmdet_mal.registry import MODELS
from mmdet_mal.utils.errors import UserError

# Crop pixels per cell of the probability map, as for the trained labeller.
MAP_STRIDE = 4
# Log odds of a score of 1 where the quality of a mask is judged.  The mean field
# wants soft scores; sharper ones tell good masks from bad (docs/experiments.md).
QUALITY_SHARPNESS = 4.0


@MODELS.register_module()
class InstantLabeler(CropLabeler):
    """Labels boxes with a pretrained encoder alone (ours, not the paper's).

    For each crop by itself: a ridge classifier tells the encoder's tokens
    inside the box from those outside, what looks like the surroundings is
    relabelled as ground and the classifier fitted anew
    (:func:`~mmdet_mal.models.token_grouping.group_tokens`); its scores, resized
    to stride 4 and cut at the box, are the unary of the CRF loss's mean field,
    which fits them to the edges of the image.

    Nothing is trained, so a label run needs no checkpoint: ``init_weights``
    loads ``pretrained``.

    Args:
        encoder (dict): Config of a backbone that returns feature maps.  Middle
            blocks of a ViT group better than late ones.  Several maps are
            normalised per token and concatenated, at the size of the largest.
        pretrained (str, optional): Weights file of the encoder, see
            :func:`~mmdet_mal.models.encoders.pretrained.load_pretrained_encoder`.
        grouping (dict, optional): ``ridge``, ``rounds`` and ``bias`` of
            :func:`~mmdet_mal.models.token_grouping.group_tokens`.
        sharpness (float): Log odds of a score of 1; positive.
        mean_field (dict, optional): ``zeta``, ``omega``, ``clamp``,
            ``max_iters`` and ``tolerance`` of
            :func:`~mmdet_mal.models.mean_field.crf_marginals`; None leaves the
            mean field out.
        postprocess (dict, optional): Options of
            :class:`~mmdet_mal.labelling.postprocess.MaskOptions`.
        data_preprocessor (dict, optional): ``mmdet.DetDataPreprocessor``.
        init_cfg (dict, optional): Initialisation of MMEngine.
        quality (dict, optional): Options of
            :class:`~mmdet_mal.quality.MaskQuality`.
    """

    # tools/label.py then takes a config without a checkpoint.
    needs_checkpoint = False

    def __init__(self,
                 encoder: dict,
                 pretrained: str | None = None,
                 grouping: dict | None = None,
                 sharpness: float = 1.0,
                 mean_field: dict | None = None,
                 postprocess: dict | None = None,
                 data_preprocessor: dict | None = None,
                 init_cfg: dict | None = None,
                 quality: dict | None = None) -> None:
        super().__init__(postprocess, data_preprocessor, init_cfg, quality)
        # Its parameters keep requires_grad, though no gradient is ever taken:
        # DDP, which label runs of several processes are wrapped in, refuses a
        # model without.
        self.encoder = MODELS.build(encoder)
        self.pretrained = pretrained
        self.grouping = CropGrouping(sharpness=sharpness, **(grouping or {}))
        self.mean_field = None if mean_field is None else dict(mean_field)

    def init_weights(self) -> None:
        """Load the encoder's weights; there are no others.

        Raises:
            CheckpointError: If the file is missing or does not fit, or the
                config names none: random tokens would group into nonsense.
        """
        if self.pretrained:
            load_pretrained_encoder(self.encoder, self.pretrained)
        elif any(True for _ in self.encoder.parameters()):
            raise CheckpointError(
                'model.pretrained: names no file, but an InstantLabeler lives on '
                "its encoder's pretrained weights; set it (docs/encoders.md "
                'lists what there is)')
        self._is_init = True

    def forward(self,
                inputs: Tensor,
                data_samples: list[DetDataSample] | None = None,
                mode: str = 'tensor') -> CropMaps | list[DetDataSample]:
        """Entry point of MMEngine.

        Args:
            inputs (Tensor): Normalised crops (N, 3, H, W).
            data_samples (list[DetDataSample]): Meta data of the crops.
            mode (str): ``'predict'`` or ``'tensor'``.

        Returns:
            CropMaps | list: Samples with ``pred_instances``; or maps, see
            :meth:`infer_maps`.

        Raises:
            UserError: For ``mode='loss'``: there is nothing to train.
        """
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        if mode == 'tensor':
            return self.infer_maps(inputs, data_samples)
        if mode == 'loss':
            raise UserError(
                'an InstantLabeler has nothing to train; label with it at once '
                '(tools/label.py CONFIG --ann …), or train one of '
                'configs/mal/mal_*.py')
        raise ValueError(
            f"mode must be 'predict' or 'tensor', got {mode!r}")

    @torch.no_grad()
    def infer_maps(self, inputs: Tensor,
                   data_samples: list[DetDataSample]) -> CropMaps:
        """Probability maps as the masks are cut from.

        Args:
            inputs (Tensor): Normalised crops (N, 3, H, W), N at least 1.
            data_samples (list[DetDataSample]): Their meta data.

        Returns:
            CropMaps: fp32 maps (N, H / 4, W / 4) on the model's device with
            the components of :func:`.map_parts.map_parts`, ``refine_iou`` if
            there is a mean field.

        Raises:
            UserError: If the encoder's patches do not cover the crops exactly.
        """
        check_whole_patches(self.encoder, inputs)
        feats = self.encoder(inputs)
        # Under a label run's autocast the sums over tokens would lose digits.
        with torch.autocast(inputs.device.type, enabled=False):
            scores = self.score_tokens(feats, data_samples, inputs.shape[-2:])
            size = [side // MAP_STRIDE for side in inputs.shape[-2:]]
            scores = resize_scores(scores, size)
            in_box = box_region(data_samples, scores)
            valid = crop_valid_mask(data_samples, scores, MAP_STRIDE)
            # Ground beyond the box is known, and the mean field carries it in.
            cut = box_region(data_samples, scores, self.mask_options.box_margin)
            probs = (self.grouping.sharpness * scores).sigmoid() * cut
            refined = None
            if self.mean_field is not None:
                refined = probs = crf_marginals(
                    probs, F.avg_pool2d(inputs.float(), MAP_STRIDE), valid,
                    **self.mean_field)
            parts = map_parts((QUALITY_SHARPNESS * scores).sigmoid(), in_box,
                              self.mask_options.threshold, refined=refined,
                              valid=valid)
        return CropMaps(probs, parts)

    def score_tokens(self, feats: tuple[Tensor, ...],
                     data_samples: list[DetDataSample],
                     crop_size: tuple[int, int]) -> Tensor:
        """Object against ground for the tokens of each crop.

        Args:
            feats (tuple[Tensor, ...]): Maps (N, C, h, w) of the encoder.
            data_samples (list[DetDataSample]): With ``gt_instances.bboxes``
                (1, 4) and ``valid_bbox`` (4,), xyxy in crop pixels.
            crop_size (tuple[int, int]): Height and width of the crops.

        Returns:
            Tensor: fp32 scores (N, h, w), positive for the object; beyond the
            image those of the nearest token that shows it.
        """
        return self.grouping.score_tokens(concatenate_maps(feats), data_samples,
                                          crop_size)


def concatenate_maps(feats: tuple[Tensor, ...]) -> Tensor:
    """Join feature maps so that each has the same say.

    Args:
        feats (tuple[Tensor, ...]): Maps (N, C_i, h_i, w_i).

    Returns:
        Tensor: fp32 (N, sum of C_i, h, w), at the size of the largest map; each
        map's part of a token has length 1.
    """
    size = max(tuple(feat.shape[-2:]) for feat in feats)
    return torch.cat([
        F.normalize(resize_bilinear(feat.float(), size), dim=1)
        for feat in feats], dim=1)
