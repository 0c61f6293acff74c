"""Fully convolutional mask decoder, for comparison."""

from torch import Tensor, nn

from mmdet_mal.registry import MODELS

from .base_mask_head import BaseMaskHead
from .pixel_branch import PixelBranch
from .resize import resize_bilinear


@MODELS.register_module()
class ConvMaskHead(BaseMaskHead):
    """V and a 1×1 convolution (paper 4.5, "fully convolutional").

    The attention decoder with the same weights for every crop in the place of
    K: what K adds is the difference between the two.

    The class branch, if any, reads the maximum of the map over space, which is
    what K of the attention decoder starts from (our choice).

    Args:
        in_channels (list[int]): See :class:`BaseMaskHead`.
        channels (int): Width of V.  Default 256 (paper).
        upsample_after (int): See :class:`PixelBranch`.
        **kwargs: Other arguments of :class:`BaseMaskHead`.
    """

    def __init__(self,
                 in_channels: list[int],
                 channels: int = 256,
                 upsample_after: int = 2,
                 **kwargs) -> None:
        super().__init__(in_channels, channels, **kwargs)
        self.value = PixelBranch(self.feat_channels, channels, upsample_after)
        self.score = nn.Conv2d(channels, 1, 1)
        self.add_class_branch(self.feat_channels)

    def score_map(self, feat: Tensor,
                  size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Convolutions at one resolution.

        Args:
            feat (Tensor): Map of the encoder (N, feat_channels, h, w).
            size (tuple[int, int]): Height and width of the score map, even.

        Returns:
            tuple[Tensor, Tensor]: Logits (N, *size) and the maximum of the
            map over space (N, feat_channels).
        """
        half = (size[0] // 2, size[1] // 2)
        value = self.value(resize_bilinear(feat, half))
        return self.score(value)[:, 0], feat.amax((2, 3))
