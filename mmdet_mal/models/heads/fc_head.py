"""Fully connected mask decoder, for comparison."""

import torch.nn.functional as F
from torch import Tensor, nn

from mmdet_mal.registry import MODELS
from mmdet_mal.utils.setting_error import SettingError

from .base_mask_head import BaseMaskHead, score_map_size
from .errors import DecoderError
from .size_routing import OUTPUT_STRIDES


@MODELS.register_module()
class FCMaskHead(BaseMaskHead):
    """Two fully connected layers, one output per pixel (paper 4.5).

    The map is max-pooled to a small grid, as heads of detectors do with a
    region, then: flatten, FC, ReLU, FC to one value per pixel of the score
    map.  What the paper leaves open and we chose:

    * the grid of 7×7 cells: the unpooled map of a 512 px crop would need
      1.6·10⁹ weights in the first layer with ViT-B;
    * a second layer of its own for each stride of the size routing, since the
      number of outputs is fixed; the first layer is shared;
    * the class branch, if any, reads the hidden layer.

    The number of outputs also ties the weights to one crop size.

    Args:
        in_channels (list[int]): See :class:`BaseMaskHead`.
        crop_size (tuple[int, int]): Height and width of the crops in px.
        channels (int): Width of the projection of several maps; without
            effect on a single map or a pyramid.
        hidden_channels (int): Width of the hidden layer.  Default 2048
            (paper).
        grid (int): Cells of the pooled map per side; 1 pools over the whole
            map, as K of the attention decoder does.
        **kwargs: Other arguments of :class:`BaseMaskHead`.
    """

    def __init__(self,
                 in_channels: list[int],
                 crop_size: tuple[int, int],
                 channels: int = 256,
                 hidden_channels: int = 2048,
                 grid: int = 7,
                 **kwargs) -> None:
        super().__init__(in_channels, channels, **kwargs)
        if grid < 1:
            raise SettingError(f'grid must be at least 1, got {grid}')
        self.crop_size = tuple(crop_size)
        self.grid = grid
        strides = OUTPUT_STRIDES if self.size_routing else OUTPUT_STRIDES[-1:]
        self.sizes = [score_map_size(crop_size, stride) for stride in strides]
        self.hidden = nn.Linear(self.feat_channels * grid**2, hidden_channels)
        self.scores = nn.ModuleList(
            nn.Linear(hidden_channels, height * width)
            for height, width in self.sizes)
        self.add_class_branch(hidden_channels)

    def score_map(self, feat: Tensor,
                  size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Both layers, with the outputs of one resolution.

        Args:
            feat (Tensor): Map of the encoder (N, feat_channels, h, w).
            size (tuple[int, int]): Height and width of the score map, even.

        Returns:
            tuple[Tensor, Tensor]: Logits (N, *size) and the hidden layer
            (N, hidden_channels).

        Raises:
            DecoderError: If no layer has ``size``.
        """
        if size not in self.sizes:
            raise DecoderError(
                f'FCMaskHead has score maps of {self.sizes} px for crops of '
                f'{self.crop_size} px, the crops ask for {size}: set '
                'crop_size in the config of the decoder to that of CropBox')
        pooled = F.adaptive_max_pool2d(feat, self.grid)
        hidden = F.relu(self.hidden(pooled.flatten(1)))
        scores = self.scores[self.sizes.index(size)](hidden)
        return scores.unflatten(1, size), hidden
