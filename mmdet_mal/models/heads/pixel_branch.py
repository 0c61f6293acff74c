"""The pixel-wise half V of the decoders."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmdet_mal.utils.setting_error import SettingError

NUM_CONVS = 4


class PixelBranch(nn.ModuleList):
    """Four 3×3 convolutions, each with a ReLU, and one doubling (paper 3.2).

    Args:
        in_channels (int): Channels of the input map.
        channels (int): Channels of each convolution.
        upsample_after (int): The bilinear doubling stands after this many of
            the convolutions, in [0, 4]: 2 (paper) or 3 (released).
    """

    def __init__(self, in_channels: int, channels: int,
                 upsample_after: int = 2) -> None:
        if not 0 <= upsample_after <= NUM_CONVS:
            raise SettingError(f'upsample_after must lie in [0, {NUM_CONVS}], '
                               f'got {upsample_after}')
        super().__init__(
            nn.Conv2d(in_channels if i == 0 else channels, channels, 3,
                      padding=1) for i in range(NUM_CONVS))
        self.upsample_after = upsample_after

    def forward(self, x: Tensor) -> Tensor:
        """Features of each pixel at twice the resolution.

        Args:
            x (Tensor): (N, in_channels, h, w).

        Returns:
            Tensor: (N, channels, 2h, 2w), nowhere negative.
        """
        # The doubling takes an eighth of the time in this order, convolutions
        # about the same (docs/performance.md); tensor cores want it.
        x = x.contiguous(memory_format=torch.channels_last)
        for i, conv in enumerate(self):
            if i == self.upsample_after:
                x = _double(x)
            x = F.relu(conv(x), inplace=True)
        return _double(x) if self.upsample_after == NUM_CONVS else x


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode='bilinear',
                         align_corners=False)
