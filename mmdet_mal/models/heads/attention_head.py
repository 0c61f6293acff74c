"""Attention-based mask decoder of the Mask Auto-Labeler."""

from torch import Tensor, nn

from mmdet_mal.registry import MODELS
from mmdet_mal.utils.setting_error import SettingError

from .base_mask_head import BaseMaskHead
from .pixel_branch import PixelBranch
from .resize import resize_bilinear


@MODELS.register_module()
class AttentionMaskHead(BaseMaskHead):
    """``D(E) = K(E) · V(E)``, an inner product over channels (paper 3.2).

    K turns the pooled feature map into one vector per crop, V into one vector
    per pixel; their product is the score of the pixel.  The class branch, if
    any, reads K's vector.

    Args:
        in_channels (list[int]): See :class:`BaseMaskHead`.
        channels (int): Width of K and V.  Default 256 (paper).
        pool (str): Pooling before K, ``'max'`` (paper) or ``'avg'``
            (released).
        key_layers (int): Fully connected layers of K: 1 (paper) or 2 with a
            ReLU between (released).
        upsample_after (int): The doubling of V stands after this many of its
            four convolutions: 2 (paper) or 3 (released).
        **kwargs: Other arguments of :class:`BaseMaskHead`.
    """

    def __init__(self,
                 in_channels: list[int],
                 channels: int = 256,
                 pool: str = 'max',
                 key_layers: int = 1,
                 upsample_after: int = 2,
                 **kwargs) -> None:
        super().__init__(in_channels, channels, **kwargs)
        if pool not in ('max', 'avg'):
            raise SettingError(f"pool must be 'max' or 'avg', got {pool!r}")
        if key_layers not in (1, 2):
            raise SettingError(f'key_layers must be 1 or 2, got {key_layers}')
        self.pool = pool
        key = [nn.Linear(self.feat_channels, channels)]
        if key_layers == 2:
            key += [nn.ReLU(inplace=True), nn.Linear(channels, channels)]
        self.key = nn.Sequential(*key)
        self.value = PixelBranch(self.feat_channels, channels, upsample_after)
        self.add_class_branch(channels)

    def score_map(self, feat: Tensor,
                  size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Inner product of K with V at one resolution.

        Args:
            feat (Tensor): Map of the encoder (N, feat_channels, h, w).
            size (tuple[int, int]): Height and width of the score map, even.

        Returns:
            tuple[Tensor, Tensor]: Logits (N, *size) and K's vectors
            (N, channels).
        """
        pooled = feat.amax((2, 3)) if self.pool == 'max' else feat.mean((2, 3))
        key = self.key(pooled)
        half = (size[0] // 2, size[1] // 2)
        value = self.value(resize_bilinear(feat, half))
        # The product of a matrix and a vector for each crop; V's channels lie
        # side by side in memory.
        pixels = value.permute(0, 2, 3, 1).flatten(1, 2)
        return (pixels @ key[:, :, None]).view(-1, *value.shape[-2:]), key
