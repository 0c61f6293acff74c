"""An encoder by itself, for analyses of its tokens."""

import torch
from mmdet.structures import DetDataSample
from mmengine.model import BaseModel
from torch import Tensor

from mmdet_mal.models.encoders.pretrained import load_pretrained_encoder
from mmdet_mal.models.encoders.whole_patches import check_whole_patches
from mmdet_mal.registry import MODELS
from mmdet_mal.utils.errors import UserError


@MODELS.register_module()
class EncoderTokens(BaseModel):
    """Gives each crop the feature maps of a frozen pretrained encoder.

    For ``mmdet_mal.ClusteringScoreMetric`` and the like; it has no decoder and
    is not trained.

    Args:
        encoder (dict): Config of a backbone that returns feature maps.
        pretrained (str, optional): Its weights file; without it the encoder
            keeps random weights, which is what the caller then wants.
        data_preprocessor (dict, optional): Normalises the crops.
        init_cfg (dict, optional): Initialisation of MMEngine.
    """

    def __init__(self,
                 encoder: dict,
                 pretrained: str | None = None,
                 data_preprocessor: dict | None = None,
                 init_cfg: dict | None = None) -> None:
        super().__init__(data_preprocessor, init_cfg)
        self.encoder = MODELS.build(encoder)
        self.pretrained = pretrained

    def init_weights(self) -> None:
        """Load the weights, or initialise at random where none are named."""
        if self.pretrained:
            load_pretrained_encoder(self.encoder, self.pretrained)
        else:
            super().init_weights()
        self._is_init = True

    @torch.no_grad()
    def forward(self,
                inputs: Tensor,
                data_samples: list[DetDataSample] | None = None,
                mode: str = 'tensor') -> tuple[Tensor, ...] | list:
        """Entry point of MMEngine.

        Args:
            inputs (Tensor): Normalised crops (N, 3, H, W).
            data_samples (list[DetDataSample]): Meta data of the crops.
            mode (str): ``'tensor'`` or ``'predict'``.

        Returns:
            tuple[Tensor, ...] | list: Maps (N, C, h, w); or the samples, each
            with ``tokens``, a tuple of maps (C, h, w).

        Raises:
            UserError: For ``mode='loss'``: there is nothing to train; or if
                the encoder's patches do not cover the crops exactly.
        """
        if mode == 'loss':
            raise UserError(
                'mmdet_mal.EncoderTokens is for analyses and is not trained; '
                'train one of configs/mal/mal_*.py')
        feats = ()
        if len(inputs):
            check_whole_patches(self.encoder, inputs)
            feats = self.encoder(inputs)
        if mode == 'tensor':
            return feats
        if mode != 'predict':
            raise ValueError(f"mode must be 'predict' or 'tensor', got {mode!r}")
        for row, sample in enumerate(data_samples):
            sample.tokens = tuple(feat[row] for feat in feats)
        return data_samples
