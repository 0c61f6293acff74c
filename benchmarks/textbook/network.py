"""Encoder and decoder of the paper (3.2, A.2), in fp32 and as written."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STRIDES = (16, 8, 4)  # of the score maps, for small, medium and large boxes
LARGEST_AREA = (32**2, 96**2)  # of a small and of a medium box, exclusive, px²
LOSS_STRIDE = 4


def attention(q: Tensor, k: Tensor, v: Tensor, dropout_p: float = 0.) -> Tensor:
    """softmax(q kᵀ / √d) v, the weights of all pairs in memory.

    Args:
        q, k, v (Tensor): (N, heads, tokens, d).
        dropout_p (float): Must be 0: no network here drops attention.
    """
    assert dropout_p == 0
    weights = torch.softmax(q @ k.transpose(-2, -1) / q.shape[-1]**.5, dim=-1)
    return weights @ v


def vision_transformer(arch: dict | str, **kwargs) -> nn.Module:
    """mmpretrain's ViT with attention as the textbook has it.

    Args:
        arch (dict | str): As for ``mmpretrain.VisionTransformer``.
        **kwargs: Likewise.
    """
    from mmpretrain.models import VisionTransformer
    encoder = VisionTransformer(arch, **kwargs)
    for layer in encoder.layers:
        layer.attn.scaled_dot_product_attention = attention
    return encoder


class Decoder(nn.Module):
    """D = K · V over channels, at a resolution that the box's area chooses.

    Names and shapes of the weights are those of the product's attention head
    with ``pool='max'``, ``key_layers=1``, ``upsample_after=2``.

    Args:
        in_channels (Sequence[int]): Of each map of the encoder; several are
            normalised, resized to the first, joined and projected.
        channels (int): Width of K and V.
    """

    def __init__(self, in_channels: Sequence[int], channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.norms = self.project = None
        width = in_channels[0]
        if len(in_channels) > 1:
            self.norms = nn.ModuleList(nn.LayerNorm(c) for c in in_channels)
            self.project = nn.Conv2d(sum(in_channels), channels, 1)
            width = channels
        self.key = nn.Sequential(nn.Linear(width, channels))
        self.value = nn.ModuleList(
            nn.Conv2d(width if i == 0 else channels, channels, 3, padding=1)
            for i in range(4))

    def forward(self, maps: Sequence[Tensor], areas: Tensor,
                crop_size: tuple[int, int]) -> Tensor:
        """Logits (N, H / 4, W / 4).

        Args:
            maps (Sequence[Tensor]): (N, C, h, w) each.
            areas (Tensor): (N,) box areas in image px².
            crop_size (tuple[int, int]): Height and width of the crops.
        """
        feat = self._join(maps)
        out_size = tuple(side // LOSS_STRIDE for side in crop_size)
        logits = torch.zeros(len(feat), *out_size)
        small, medium = LARGEST_AREA
        chosen = (areas < small, (areas >= small) & (areas < medium),
                  areas >= medium)
        for stride, mask in zip(STRIDES, chosen, strict=True):
            if mask.any():
                # V doubles its input.
                half = tuple(side // (2 * stride) for side in crop_size)
                scores = self._scores(feat[mask], half)
                logits[mask] = resized(scores[:, None], out_size)[:, 0]
        return logits

    def _join(self, maps: Sequence[Tensor]) -> Tensor:
        if self.norms is None:
            return maps[0]
        size = maps[0].shape[-2:]
        normed = [
            resized(norm(m.permute(0, 2, 3, 1)).permute(0, 3, 1, 2), size)
            for norm, m in zip(self.norms, maps, strict=True)]
        return self.project(torch.cat(normed, dim=1))

    def _scores(self, feat: Tensor, half: tuple[int, int]) -> Tensor:
        """K · V for crops of one resolution, (N, 2h, 2w)."""
        key = self.key(feat.amax((2, 3)))
        x = resized(feat, half)
        for i, conv in enumerate(self.value):
            if i == 2:
                x = resized(x, (2 * half[0], 2 * half[1]))
            x = F.relu(conv(x))
        return (key[:, :, None, None] * x).sum(1)


class Network(nn.Module):
    """One encoder with one decoder.

    Args:
        encoder (dict): Arguments of :func:`vision_transformer`.
        decoder (dict): Arguments of :class:`Decoder`.
    """

    def __init__(self, encoder: dict, decoder: dict) -> None:
        super().__init__()
        self.encoder = vision_transformer(**encoder)
        self.decoder = Decoder(**decoder)

    def forward(self, crops: Tensor, areas: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (N, H / 4, W / 4) and the encoder's first map.

        Args:
            crops (Tensor): Normalised (N, 3, H, W).
            areas (Tensor): (N,) box areas in image px².
        """
        maps = self.encoder(crops)
        return self.decoder(maps, areas, crops.shape[-2:]), maps[0]


def resized(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear resize (N, C, h, w); the mean of the cells where it shrinks."""
    return F.interpolate(x, size=tuple(size), mode='bilinear',
                         align_corners=False,
                         antialias=size[0] < x.shape[-2] or size[1] < x.shape[-1])
