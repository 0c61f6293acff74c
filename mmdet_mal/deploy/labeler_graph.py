"""The labeller's network as one graph in which only the batch size varies."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmdet_mal.models.box_geometry import rectangle_mask
from mmdet_mal.models.heads.base_mask_head import pick_level, score_map_size
from mmdet_mal.models.heads.resize import resize_bilinear
from mmdet_mal.models.heads.size_routing import AREA_BOUNDS, OUTPUT_STRIDES
from mmdet_mal.models.mask_auto_labeler import MaskAutoLabeler
from mmdet_mal.models.mask_network import MaskNetwork

from .mean_field_graph import refine_in_graph


class LabelerGraph(nn.Module):
    """From normalised crops to the probability maps that masks are cut from.

    The same switches as the labeller's: which of student and teacher label,
    the mirrored view, the mean field.  One thing differs: the decoder scores
    every crop at all three resolutions and the box's area chooses among the
    results, since a graph cannot send crops different ways.  That costs at
    most 1.3 times the decoder's time at the finest resolution.

    Args:
        labeler (MaskAutoLabeler): In evaluation mode; its weights are shared.
        crop_size (tuple[int, int]): Height and width of the crops in px; the
            graph takes no other.
    """

    def __init__(self, labeler: MaskAutoLabeler,
                 crop_size: tuple[int, int]) -> None:
        super().__init__()
        names = (('teacher', 'student') if labeler.predictor == 'mean' else
                 (labeler.predictor, ))
        self.networks = nn.ModuleList(getattr(labeler, name) for name in names)
        self.crop_size = tuple(crop_size)
        self.flip = labeler.flip
        self.mean_field = None
        if labeler.refine == 'mean_field':
            crf = labeler.crf_loss
            self.mean_field = dict(
                zeta=crf.zeta, omega=crf.omega, max_iters=crf.max_iters,
                tolerance=crf.tolerance, clamp=crf.clamp,
                centre=crf.omega if crf.window == 'full' else 0.)

    @property
    def input_names(self) -> tuple[str, ...]:
        """What :meth:`forward` takes, in order."""
        names = ('crops', 'box_areas')
        return names + ('boxes', 'valid_boxes') if self.mean_field else names

    def forward(self, crops: Tensor, box_areas: Tensor,
                boxes: Tensor | None = None,
                valid_boxes: Tensor | None = None) -> Tensor:
        """Probability that a pixel belongs to the object of the crop's box.

        Args:
            crops (Tensor): Normalised RGB crops, fp32 (N, 3, H, W).
            box_areas (Tensor): fp32 (N,), areas of the boxes in px² of the
                original image.
            boxes (Tensor, optional): fp32 (N, 4), the boxes, cut off at the
                image's border, xyxy in crop px; like the next only with a mean
                field, into which they carry what is known to be ground.
            valid_boxes (Tensor, optional): fp32 (N, 4), the part of each crop
                that shows the image, xyxy in crop px; a mean field must not
                look at padding.

        Returns:
            Tensor: fp32 (N, H / 4, W / 4) in [0, 1].
        """
        views = []
        for network in self.networks:
            views.append(self._probability(network, crops, box_areas))
            if self.flip:
                views.append(self._probability(
                    network, crops.flip(-1), box_areas).flip(-1))
        prob = torch.stack(views).mean(dim=0)
        if self.mean_field is None:
            return prob
        stride = self.crop_size[1] // prob.shape[-1]
        inside, valid = (rectangle_mask(b, tuple(prob.shape[-2:]), stride)
                         for b in (boxes, valid_boxes))
        return refine_in_graph(prob * inside, F.avg_pool2d(crops, stride), valid,
                               **self.mean_field)

    def _probability(self, network: MaskNetwork, crops: Tensor,
                     box_areas: Tensor) -> Tensor:
        """Probabilities by one network, (N, H / out_stride, W / out_stride)."""
        decoder = network.decoder
        levels = decoder.levels(network.extract(crops))
        out_size = tuple(side // decoder.out_stride for side in self.crop_size)
        strides = OUTPUT_STRIDES if decoder.size_routing else OUTPUT_STRIDES[-1:]
        logits = None
        # From the range of the largest boxes to that of the smallest.
        for bound, stride in zip((None, *AREA_BOUNDS[::-1]), strides[::-1],
                                 strict=False):
            size = score_map_size(self.crop_size, stride)
            scores, _ = decoder.score_map(pick_level(levels, size), size)
            scores = resize_bilinear(scores[:, None], out_size)[:, 0]
            if bound is None:
                logits = scores
            else:
                logits = torch.where(box_areas[:, None, None] < bound, scores,
                                     logits)
        if decoder.size_routing and decoder.size_ranges == 'open':
            for bound in AREA_BOUNDS:  # in no range: undecided
                logits = torch.where(box_areas[:, None, None] == bound, 0., logits)
        return logits.float().sigmoid()
