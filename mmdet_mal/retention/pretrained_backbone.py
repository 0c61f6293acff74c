"""A published encoder as the backbone of a stock detector."""

from mmengine.model import BaseModule
from torch import Tensor

from mmdet_mal.models.encoders.pretrained import load_pretrained_encoder
from mmdet_mal.registry import MODELS


@MODELS.register_module()
class PretrainedBackbone(BaseModule):
    """An encoder whose published weights are loaded strictly.

    MMEngine's ``init_cfg=dict(type='Pretrained')`` takes what fits by name and
    warns of the rest: of the file of the DeiT authors nothing would fit.

    Args:
        encoder (dict): Config of a backbone that returns feature maps, such as
            ``mmpretrain.VisionTransformer`` with ``out_type='featmap'``.
        pretrained (str, optional): Weights file, in the layout of its authors
            or of mmpretrain.  None starts from random weights.
        init_cfg (dict, optional): Initialisation of MMEngine.
    """

    def __init__(self,
                 encoder: dict,
                 pretrained: str | None = None,
                 init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.encoder = MODELS.build(encoder)
        self.pretrained = pretrained

    def init_weights(self) -> None:
        """Initialise at random, then load the published weights if given.

        Raises:
            CheckpointError: If the file is missing, broken or of another
                network.
        """
        super().init_weights()
        if self.pretrained:
            load_pretrained_encoder(self.encoder, self.pretrained)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Feature maps.

        Args:
            images (Tensor): Normalised images (N, 3, H, W).

        Returns:
            tuple[Tensor, ...]: Maps (N, C, h, w), one for each output index,
                contiguous.
        """
        # A ViT's maps lie channels-last, convolutions keep that, and mmcv's
        # RoIAlign on a CPU reads such maps in the wrong order without a word.
        return tuple(feat.contiguous() for feat in self.encoder(images))
