"""Vision transformer with register tokens (DINOv2 "reg4")."""

import torch
from mmengine.model.weight_init import trunc_normal_
from mmpretrain.models import VisionTransformer
from mmpretrain.models.utils import resize_pos_embed
from torch import Tensor, nn

from mmdet_mal.registry import MODELS
from mmdet_mal.utils.setting_error import SettingError


@MODELS.register_module()
class RegisterVisionTransformer(VisionTransformer):
    """``mmpretrain.VisionTransformer`` with register tokens.

    Registers (Darcet et al., Vision Transformers Need Registers, ICLR 2024)
    are learnt tokens without a position between the class token and the
    patches.  They take the place of the few patches that a large ViT
    otherwise misuses as memory, which would be artefacts in a feature map.

    Args:
        *args: Of ``mmpretrain.VisionTransformer``.
        num_registers (int): Number of registers; DINOv2's published ones
            have 4 (default).
        **kwargs: Of ``mmpretrain.VisionTransformer``; the class token cannot
            be left out.
    """

    def __init__(self, *args, num_registers: int = 4, **kwargs) -> None:
        if num_registers < 1:
            raise SettingError(
                f'num_registers must be at least 1, got {num_registers}; '
                'without registers use mmpretrain.VisionTransformer')
        super().__init__(*args, with_cls_token=True, **kwargs)
        self.num_registers = num_registers
        self.register_tokens = nn.Parameter(
            torch.zeros(1, num_registers, self.embed_dims))
        if self.frozen_stages > 0:
            self.register_tokens.requires_grad = False

    def init_weights(self) -> None:
        """Random weights; the registers start near zero, as published."""
        super().init_weights()
        trunc_normal_(self.register_tokens, std=1e-6)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Features of images.

        Args:
            x (Tensor): Normalised images (N, 3, H, W).

        Returns:
            tuple[Tensor, ...]: One for each of ``out_indices``, as
            ``out_type`` says; maps are (N, C, H / patch, W / patch).
        """
        x, resolution = self.patch_embed(x)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], dim=1)
        x = x + resize_pos_embed(
            self.pos_embed,
            self.patch_resolution,
            resolution,
            mode=self.interpolate_mode,
            num_extra_tokens=self.num_extra_tokens)
        # Registers have no position, so they come in after it was added.
        registers = self.register_tokens.expand(len(x), -1, -1)
        x = torch.cat([x[:, :1], registers, x[:, 1:]], dim=1)
        x = self.pre_norm(self.drop_after_pos(x))
        outs = []
        for i, layer in enumerate(self.layers):
            x = layer(x)
            if i == len(self.layers) - 1 and self.final_norm:
                x = self.ln1(x)
            if i in self.out_indices:
                outs.append(self._format_output(x, resolution))
        return tuple(outs)

    def _format_output(self, x: Tensor, hw: tuple[int, int]) -> Tensor:
        """As mmpretrain's; 'raw' keeps the registers, maps leave them out."""
        if self.out_type != 'raw':
            x = torch.cat([x[:, :1], x[:, 1 + self.num_registers:]], dim=1)
        return super()._format_output(x, hw)
