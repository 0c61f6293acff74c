"""One encoder with one decoder: the student, or the teacher."""

from mmengine.model import BaseModule
from torch import Tensor

from mmdet_mal.models.encoders.pretrained import load_pretrained_encoder
from mmdet_mal.models.encoders.whole_patches import check_whole_patches
from mmdet_mal.models.heads.mask_head_output import MaskHeadOutput
from mmdet_mal.registry import MODELS


@MODELS.register_module()
class MaskNetwork(BaseModule):
    """Encoder E and decoder D: crops in, logits out (paper 3.2).

    Args:
        encoder (dict): Config of a backbone that returns feature maps, such
            as ``mmpretrain.VisionTransformer`` with ``out_type='featmap'``.
        decoder (dict): Config of a
            :class:`~mmdet_mal.models.heads.base_mask_head.BaseMaskHead`: one
            of ``mmdet_mal.AttentionMaskHead``, ``ConvMaskHead``,
            ``FCMaskHead`` and ``QueryMaskHead``, perhaps with a neck.
        pretrained (str, optional): Weights file of the encoder, in the
            layout of its authors or of mmpretrain; loaded strictly.
        init_cfg (dict, optional): Initialisation of MMEngine.
    """

    def __init__(self,
                 encoder: dict,
                 decoder: dict,
                 pretrained: str | None = None,
                 init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.encoder = MODELS.build(encoder)
        self.decoder = MODELS.build(decoder)
        self.pretrained = pretrained

    def init_weights(self) -> None:
        """Initialise at random, then load the encoder's weights if given."""
        super().init_weights()
        if self.pretrained:
            load_pretrained_encoder(self.encoder, self.pretrained)

    def extract(self, crops: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of the encoder.

        Args:
            crops (Tensor): Normalised crops (N, 3, H, W).

        Returns:
            tuple[Tensor, ...]: Maps (N, C, h, w), one for each output index.

        Raises:
            UserError: If the encoder's patches do not cover the crops exactly.
        """
        check_whole_patches(self.encoder, crops)
        return self.encoder(crops)

    def forward(self, crops: Tensor, box_areas: Tensor) -> Tensor:
        """Score the pixels of each crop.

        Args:
            crops (Tensor): Normalised crops (N, 3, H, W).
            box_areas (Tensor): (N,) box areas in px² of the original image.

        Returns:
            Tensor: Logits (N, H / 4, W / 4).
        """
        return self.forward_with_tokens(crops, box_areas)[0]

    def forward_with_tokens(self, crops: Tensor,
                            box_areas: Tensor) -> tuple[Tensor, Tensor]:
        """Score the pixels of each crop, and tell its tokens.

        Args:
            crops (Tensor): Normalised crops (N, 3, H, W).
            box_areas (Tensor): (N,) box areas in px² of the original image.

        Returns:
            tuple[Tensor, Tensor]: Logits (N, H / 4, W / 4) and the encoder's
            first map (N, C, h, w).
        """
        feats = self.extract(crops)
        return self.decode(feats, box_areas, crops.shape[-2:]), feats[0]

    def decode(self, feats: tuple[Tensor, ...], box_areas: Tensor,
               crop_size: tuple[int, int]) -> Tensor:
        """Scores from the encoder's maps.

        Args:
            feats (tuple[Tensor, ...]): From :meth:`extract`.
            box_areas (Tensor): (N,) box areas in px² of the original image.
            crop_size (tuple[int, int]): Height and width of the crops.

        Returns:
            Tensor: Logits (N, H / 4, W / 4).
        """
        return self.decoder(feats, box_areas, tuple(crop_size))

    def decode_with_classes(self, feats: tuple[Tensor, ...],
                            box_areas: Tensor,
                            crop_size: tuple[int, int]) -> MaskHeadOutput:
        """Scores of pixels and classes from the encoder's maps.

        Args:
            feats (tuple[Tensor, ...]): From :meth:`extract`.
            box_areas (Tensor): (N,) box areas in px² of the original image.
            crop_size (tuple[int, int]): Height and width of the crops.

        Returns:
            MaskHeadOutput: Logits (N, H / 4, W / 4), and (N, num_classes) if
            the decoder has a class branch, else None.
        """
        return self.decoder.forward_with_classes(feats, box_areas,
                                                 tuple(crop_size))
