"""Attention-based mask decoder of the Mask Auto-Labeler."""

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmpretrain.models.utils import LayerNorm2d
from torch import Tensor, nn

from mmdet_mal.registry import MODELS

from .size_routing import AREA_BOUNDS, OUTPUT_STRIDES, route_by_area


@MODELS.register_module()
class AttentionMaskHead(BaseModule):
    """``D(E) = K(E) · V(E)``, an inner product over channels (paper 3.2).

    K turns the pooled feature map into one vector per crop, V into one vector
    per pixel; their product is the score of the pixel.

    Args:
        in_channels (list[int]): Channels of each feature map of the encoder.
            Several maps (ours, not the paper's) are normalised each,
            concatenated and projected to ``channels``.
        channels (int): Width of K and V.  Default 256 (paper).
        pool (str): Pooling before K, ``'max'`` (paper) or ``'avg'``
            (released).
        key_layers (int): Fully connected layers of K: 1 (paper) or 2 with a
            ReLU between (released).
        upsample_after (int): The doubling of V stands after this many of its
            four convolutions: 2 (paper) or 3 (released).
        size_routing (bool): Resolution by box area (appendix A.2).  If
            false, every score map has the finest stride.
        out_stride (int): Stride of the returned logits with respect to the
            crop.  Default 4.
        init_cfg (dict, optional): Initialisation of MMEngine.
    """

    NUM_CONVS = 4

    def __init__(self,
                 in_channels: list[int],
                 channels: int = 256,
                 pool: str = 'max',
                 key_layers: int = 1,
                 upsample_after: int = 2,
                 size_routing: bool = True,
                 out_stride: int = 4,
                 init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        if pool not in ('max', 'avg'):
            raise ValueError(f"pool must be 'max' or 'avg', got {pool!r}")
        if key_layers not in (1, 2):
            raise ValueError(f'key_layers must be 1 or 2, got {key_layers}')
        if not 0 <= upsample_after <= self.NUM_CONVS:
            raise ValueError(
                f'upsample_after must lie in [0, {self.NUM_CONVS}], got '
                f'{upsample_after}')
        self.pool = pool
        self.upsample_after = upsample_after
        self.size_routing = size_routing
        self.out_stride = out_stride
        total = sum(in_channels)
        # One map is used as it comes (the encoder's final norm is applied);
        # several come from different depths and differ in scale.
        self.norms = self.project = None
        if len(in_channels) > 1:
            self.norms = nn.ModuleList(LayerNorm2d(c) for c in in_channels)
            self.project = nn.Conv2d(total, channels, 1)
            total = channels
        key = [nn.Linear(total, channels)]
        if key_layers == 2:
            key += [nn.ReLU(inplace=True), nn.Linear(channels, channels)]
        self.key = nn.Sequential(*key)
        self.value = nn.ModuleList(
            nn.Conv2d(total if i == 0 else channels, channels, 3, padding=1)
            for i in range(self.NUM_CONVS))

    def fuse(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Bring several maps of the encoder together at the first one's size.

        Args:
            feats (tuple[Tensor, ...]): Maps (N, C_l, h_l, w_l).

        Returns:
            Tensor: (N, C, h_0, w_0).
        """
        if self.norms is None:
            return feats[0]
        size = feats[0].shape[-2:]
        maps = [
            _resize(norm(feat), size)
            for norm, feat in zip(self.norms, feats, strict=True)
        ]
        return self.project(torch.cat(maps, dim=1))

    def score_map(self, key: Tensor, feat: Tensor) -> Tensor:
        """Inner product of K with V at one resolution.

        Args:
            key (Tensor): (N, channels).
            feat (Tensor): V's input (N, C, h, w).

        Returns:
            Tensor: Logits (N, 2h, 2w).
        """
        x = feat
        for i, conv in enumerate(self.value):
            if i == self.upsample_after:
                x = F.interpolate(x, scale_factor=2, mode='bilinear',
                                  align_corners=False)
            x = F.relu(conv(x), inplace=True)
        if self.upsample_after == self.NUM_CONVS:
            x = F.interpolate(x, scale_factor=2, mode='bilinear',
                              align_corners=False)
        return torch.einsum('nc,nchw->nhw', key, x)

    def forward(self, feats: tuple[Tensor, ...], box_areas: Tensor,
                crop_size: tuple[int, int]) -> Tensor:
        """Score each pixel of each crop.

        Args:
            feats (tuple[Tensor, ...]): Maps of the encoder.
            box_areas (Tensor): (N,) box areas in px² of the original image.
            crop_size (tuple[int, int]): Height and width of the crops.

        Returns:
            Tensor: Logits (N, H / out_stride, W / out_stride).
        """
        feat = self.fuse(feats)
        pooled = feat.amax((2, 3)) if self.pool == 'max' else feat.mean((2, 3))
        key = self.key(pooled)
        if self.size_routing:
            routes = route_by_area(box_areas, AREA_BOUNDS)
        else:
            routes = torch.full_like(
                box_areas, len(OUTPUT_STRIDES) - 1, dtype=torch.long)
        out_size = tuple(side // self.out_stride for side in crop_size)
        parts, order = [], []
        for route, stride in enumerate(OUTPUT_STRIDES):
            index = (routes == route).nonzero(as_tuple=True)[0]
            if index.numel() == 0:
                continue
            # V doubles the resolution, hence its input has twice the stride.
            size = tuple(side // (2 * stride) for side in crop_size)
            scores = self.score_map(key[index], _resize(feat[index], size))
            parts.append(_resize(scores[:, None], out_size)[:, 0])
            order.append(index)
        return torch.cat(parts)[torch.cat(order).argsort()]


def _resize(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear resize of (N, C, h, w); the same tensor where sizes agree."""
    if tuple(x.shape[-2:]) == tuple(size):
        return x
    # Antialiasing matters only where the map shrinks (small boxes).
    shrink = size[0] < x.shape[-2] or size[1] < x.shape[-1]
    return F.interpolate(x, size=size, mode='bilinear', align_corners=False,
                         antialias=shrink)
