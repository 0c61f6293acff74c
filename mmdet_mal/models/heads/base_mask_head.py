"""What all mask decoders share: maps in, routing by size, logits out."""

from abc import abstractmethod

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmpretrain.models.utils import LayerNorm2d
from torch import Tensor, nn

from mmdet_mal.registry import MODELS
from mmdet_mal.utils.setting_error import SettingError

from .errors import DecoderError
from .mask_head_output import MaskHeadOutput
from .resize import resize_bilinear
from .rows import take_rows
from .size_routing import (AREA_BOUNDS, NO_ROUTE, OUTPUT_STRIDES,
                           route_by_area)


class BaseMaskHead(BaseModule):
    """Base of the mask decoders D.

    A decoder of its own implements :meth:`score_map`, which scores crops at
    one resolution, and ends its constructor with :meth:`add_class_branch`.
    The rest is done here: the neck, several maps, the resolution by box area,
    the way back to the order of the batch, and the class branch.

    Args:
        in_channels (list[int]): Channels of each map of the encoder.
        channels (int): Width of the decoder.
        size_routing (bool): Resolution of the score map by box area (appendix
            A.2): stride 16 for areas in [0, 32²) px², 8 in [32², 96²), 4 from
            96² on.  If false, every score map has stride 4.
        size_ranges (str): ``'half_open'`` as above, or ``'open'``, what the
            released code does: a box of exactly 32² or 96² px² is in no
            range.  It then has the logit 0 everywhere: no gradient in
            training, an empty mask at labelling.
        out_stride (int): Stride of the returned logits with respect to the
            crop.
        maps (str): What is done with several maps (ours; the paper has one).
            ``'concat'``: each is normalised, and all are concatenated at the
            first one's size and projected to ``channels``.  ``'pyramid'``:
            each crop takes the one map whose resolution fits its route, as
            detectors assign boxes to the levels of an FPN; all have the same
            number of channels.
        neck (dict, optional): Config of a module between encoder and decoder,
            from a tuple of maps to a tuple of maps, such as
            ``mmdet_mal.PlainFPN`` or ``mmdet.FPN``; its ``in_channels`` is
            that of the decoder unless it says otherwise.  It stands inside
            the decoder, so that it is trained and stored with it.
        neck_channels (list[int], optional): Channels of each map of the neck;
            wanted if and only if there is one.
        num_classes (int): Width of the class branch; 0 means none (paper).
        init_cfg (dict, optional): Initialisation of MMEngine.
    """

    def __init__(self,
                 in_channels: list[int],
                 channels: int,
                 size_routing: bool = True,
                 out_stride: int = 4,
                 maps: str = 'concat',
                 neck: dict | None = None,
                 neck_channels: list[int] | None = None,
                 num_classes: int = 0,
                 init_cfg: dict | None = None,
                 size_ranges: str = 'half_open') -> None:
        super().__init__(init_cfg)
        if size_ranges not in ('half_open', 'open'):
            raise SettingError("size_ranges must be 'half_open' or 'open', got "
                               f'{size_ranges!r}')
        if size_ranges == 'open' and num_classes:
            raise SettingError("size_ranges='open' leaves boxes without a class "
                               'score: set num_classes=0')
        if maps not in ('concat', 'pyramid'):
            raise SettingError(
                f"maps must be 'concat' or 'pyramid', got {maps!r}")
        if num_classes < 0:
            raise SettingError(
                f'num_classes must not be negative, got {num_classes}')
        if bool(neck) != bool(neck_channels):
            raise SettingError('neck and neck_channels belong together, got '
                               f'neck={neck} and neck_channels={neck_channels}')
        self.in_channels = list(in_channels)
        self.neck_channels = list(neck_channels or in_channels)
        self.channels = channels
        self.size_routing = size_routing
        self.size_ranges = size_ranges
        self.out_stride = out_stride
        self.maps = maps
        self.num_classes = num_classes
        self.neck = None
        if neck:
            self.neck = MODELS.build(
                dict(neck), default_args=dict(in_channels=self.in_channels))
        # One map is used as it comes (the encoder's final norm is applied);
        # several come from different depths and differ in scale.
        self.norms = self.project = None
        self.feat_channels = self.neck_channels[0]
        if maps == 'pyramid' and len(set(self.neck_channels)) != 1:
            raise SettingError("maps='pyramid' needs the same number of channels "
                               f'in all maps, got {self.neck_channels}')
        if maps == 'concat' and len(self.neck_channels) > 1:
            self.norms = nn.ModuleList(
                LayerNorm2d(c) for c in self.neck_channels)
            self.project = nn.Conv2d(sum(self.neck_channels), channels, 1)
            self.feat_channels = channels
        self.classifier = None

    def add_class_branch(self, in_features: int) -> None:
        """One linear layer on the crop's vector, if there are classes.

        Built last: the random weights of the other parts are then drawn as
        without it.

        Args:
            in_features (int): Length of the vector of :meth:`score_map`.
        """
        if self.num_classes:
            self.classifier = nn.Linear(in_features, self.num_classes)

    @abstractmethod
    def score_map(self, feat: Tensor,
                  size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Score crops at one resolution.

        Args:
            feat (Tensor): Map of the encoder (N, feat_channels, h, w).
            size (tuple[int, int]): Height and width of the score map, even.

        Returns:
            tuple[Tensor, Tensor]: Logits (N, *size), and one vector per crop
            (N, D) that the class branch reads.
        """

    def levels(self, feats: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Maps from which the crops take theirs.

        Args:
            feats (tuple[Tensor, ...]): Maps of the encoder (N, C_l, h_l, w_l).

        Returns:
            tuple[Tensor, ...]: The maps of a pyramid, else one map; each
            (N, feat_channels, h, w).

        Raises:
            DecoderError: If the maps have other channels than
                ``in_channels`` or ``neck_channels`` says.
        """
        self._check_channels(feats, self.in_channels, 'encoder', 'in_channels')
        if self.neck is not None:
            feats = self.neck(feats)
            self._check_channels(feats, self.neck_channels, 'neck',
                                 'neck_channels')
        return tuple(feats) if self.maps == 'pyramid' else (self.fuse(feats), )

    def _check_channels(self, feats: tuple[Tensor, ...], expected: list[int],
                        source: str, name: str) -> None:
        found = [feat.shape[1] for feat in feats]
        if found != expected:
            raise DecoderError(
                f'{type(self).__name__} is set up for maps of {expected} '
                f'channels, the {source} gives {found}: set {name}={found} in '
                'the config of the decoder')

    def fuse(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Bring several maps together at the first one's size.

        Args:
            feats (tuple[Tensor, ...]): Maps (N, C_l, h_l, w_l).

        Returns:
            Tensor: (N, feat_channels, h_0, w_0).
        """
        if self.norms is None:
            return feats[0]
        size = feats[0].shape[-2:]
        # Channels last: the tokens of a ViT come so, and the norm wants them so.
        maps = [
            resize_bilinear(
                norm(feat.permute(0, 2, 3, 1),
                     data_format='channel_last').permute(0, 3, 1, 2), size)
            for norm, feat in zip(self.norms, feats, strict=True)
        ]
        joined = torch.cat([x.permute(0, 2, 3, 1) for x in maps], dim=-1)
        fused = F.linear(joined, self.project.weight.flatten(1),
                         self.project.bias)
        return fused.permute(0, 3, 1, 2)

    def forward(self, feats: tuple[Tensor, ...], box_areas: Tensor,
                crop_size: tuple[int, int]) -> Tensor:
        """Score each pixel of each crop.

        Args:
            feats (tuple[Tensor, ...]): Maps of the encoder.
            box_areas (Tensor): (N,) box areas in px² of the original image,
                N positive.
            crop_size (tuple[int, int]): Height and width of the crops.

        Returns:
            Tensor: Logits (N, H / out_stride, W / out_stride).
        """
        return self.forward_with_classes(feats, box_areas, crop_size).logits

    def forward_with_classes(self, feats: tuple[Tensor, ...],
                             box_areas: Tensor,
                             crop_size: tuple[int, int]) -> MaskHeadOutput:
        """Score each pixel and, with a class branch, the class of each crop.

        Args:
            feats (tuple[Tensor, ...]): Maps of the encoder.
            box_areas (Tensor): (N,) box areas in px² of the original image,
                N positive.
            crop_size (tuple[int, int]): Height and width of the crops.

        Returns:
            MaskHeadOutput: Logits of pixels and classes.
        """
        levels = self.levels(feats)
        out_size = tuple(side // self.out_stride for side in crop_size)
        parts, vectors, order = [], [], []
        for route, rows in self._rows_by_route(box_areas).items():
            if route == NO_ROUTE:
                # Times 0, not new zeros: a batch of such boxes alone must have
                # a graph to go back through.
                zero = take_rows(levels[0], rows).mean((1, 2, 3)) * 0
                parts.append(zero[:, None, None].expand(-1, *out_size))
            else:
                size = score_map_size(crop_size, OUTPUT_STRIDES[route])
                scores, vector = self.score_map(
                    take_rows(pick_level(levels, size), rows), size)
                parts.append(resize_bilinear(scores[:, None], out_size)[:, 0])
                vectors.append(vector)
            order += rows
        back = sorted(range(len(order)), key=order.__getitem__)
        class_logits = None
        if self.classifier is not None:
            class_logits = self.classifier(take_rows(torch.cat(vectors), back))
        return MaskHeadOutput(take_rows(torch.cat(parts), back), class_logits)

    def _rows_by_route(self, box_areas: Tensor) -> dict[int, list[int]]:
        """Rows of the batch by route, routes in ascending order.

        On the host: areas that lie there need not be waited for, and the sizes
        of the parts must be known there anyway.
        """
        routes = [len(OUTPUT_STRIDES) - 1] * len(box_areas)
        if self.size_routing:
            routes = route_by_area(box_areas.detach().cpu(), AREA_BOUNDS,
                                   self.size_ranges).tolist()
        return {route: [row for row, r in enumerate(routes) if r == route]
                for route in sorted(set(routes))}


def score_map_size(crop_size: tuple[int, int],
                   stride: int) -> tuple[int, int]:
    """Height and width of a score map.

    V doubles its input, so the sides are even.

    Args:
        crop_size (tuple[int, int]): Height and width of the crop in px.
        stride (int): Crop pixels per score.

    Returns:
        tuple[int, int]: Even and positive for sides of at least 2·stride px.
    """
    height, width = (2 * (side // (2 * stride)) for side in crop_size)
    return height, width


def pick_level(levels: tuple[Tensor, ...], size: tuple[int, int]) -> Tensor:
    """The map to make a score map of ``size`` from.

    Args:
        levels (tuple[Tensor, ...]): Maps (N, C, h, w) in any order.
        size (tuple[int, int]): Height and width of the score map, which is
            made from a map of half of them.

    Returns:
        Tensor: The smallest map that has at least half of ``size`` in both
        directions; if none has, the largest.
    """
    by_size = sorted(levels, key=lambda level: level.shape[-2:].numel())
    for level in by_size:
        height, width = level.shape[-2:]
        if 2 * height >= size[0] and 2 * width >= size[1]:
            return level
    return by_size[-1]
