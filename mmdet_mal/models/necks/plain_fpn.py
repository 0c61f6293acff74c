"""A feature pyramid from a plain ViT."""

from collections.abc import Sequence

from mmdet.models.necks import FPN
from torch import Tensor

from mmdet_mal.models.heads.errors import DecoderError
from mmdet_mal.models.heads.resize import resize_bilinear
from mmdet_mal.registry import MODELS
from mmdet_mal.utils.setting_error import SettingError


@MODELS.register_module()
class PlainFPN(FPN):
    """mmdet's FPN on the maps of a plain ViT, resized to a pyramid.

    All blocks of a plain ViT have one stride; an FPN wants several.  As in
    ViTDet, one map may make all levels.  A hierarchical encoder has the levels
    already and takes ``mmdet.FPN`` itself.

    Args:
        in_channels (Sequence[int]): Channels of the encoder's maps: one, from
            which all levels are made, or one per level, from blocks of
            different depths.
        out_channels (int): Channels of each level.  Default 256.
        scales (Sequence[float]): Factor on height and width of each level,
            from fine to coarse, positive.  With stride 16, factors 2, 1 and
            0.5 give the strides 8, 16 and 32 of the decoders' three routes.
        **kwargs: Other arguments of ``mmdet.FPN``.

    Raises:
        DecoderError: If there are several maps, and not one per level.
    """

    def __init__(self,
                 in_channels: Sequence[int],
                 out_channels: int = 256,
                 scales: Sequence[float] = (2, 1, 0.5),
                 **kwargs) -> None:
        if not scales or any(scale <= 0 for scale in scales):
            raise SettingError(
                f'scales must be positive numbers, got {list(scales)}')
        in_channels = list(in_channels)
        if len(in_channels) not in (1, len(scales)):
            raise DecoderError(
                f'PlainFPN makes {len(scales)} levels of 1 or {len(scales)} '
                f'maps, the encoder gives {len(in_channels)}: set the '
                "encoder's out_indices, or the scales of the neck")
        self.is_single = len(in_channels) == 1
        super().__init__(
            in_channels * len(scales) if self.is_single else in_channels,
            out_channels, num_outs=len(scales), **kwargs)
        self.scales = tuple(scales)

    def forward(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Resize the maps and run the FPN.

        Args:
            inputs (tuple[Tensor, ...]): Maps of the encoder (N, C, h, w).

        Returns:
            tuple[Tensor, ...]: Levels (N, out_channels, h·scale, w·scale).
        """
        if self.is_single:
            inputs = tuple(inputs) * len(self.scales)
        return super().forward(tuple(
            resize_bilinear(feat, tuple(
                max(1, round(side * scale)) for side in feat.shape[-2:]))
            for feat, scale in zip(inputs, self.scales, strict=True)))
