"""Plain ViT: the keys of DeiT, MAE, DINOv2 and timm, and mmpretrain's."""

import re

from torch import Tensor

from .rename import StateDict, rename

# What a mask labeller has no use for, named part by part: any other key
# without a counterpart is an error.
_UNUSED = re.compile(
    r'(head|head_dist|fc_norm|decoder_\w+|mask_token|pre_logits)(\.|$)')

_RULES = (
    (r'patch_embed\.proj\.', 'patch_embed.projection.'),
    (r'blocks\.(\d+)\.norm([12])\.', r'layers.\1.ln\2.'),
    (r'blocks\.(\d+)\.mlp\.fc1\.', r'layers.\1.ffn.layers.0.0.'),
    (r'blocks\.(\d+)\.mlp\.fc2\.', r'layers.\1.ffn.layers.1.'),
    # Layer scale of DINOv2: after the attention, after the MLP.
    (r'blocks\.(\d+)\.ls1\.gamma$', r'layers.\1.attn.gamma1.weight'),
    (r'blocks\.(\d+)\.ls2\.gamma$', r'layers.\1.ffn.gamma2.weight'),
    (r'blocks\.(\d+)\.', r'layers.\1.'),
    (r'norm\.', 'ln1.'),
)


def is_official_vit(state: StateDict) -> bool:
    """Whether the keys are those of the DeiT, MAE and DINOv2 releases."""
    return 'patch_embed.proj.weight' in state and any(
        key.startswith('blocks.') for key in state)


def is_mmpretrain_vit(state: StateDict) -> bool:
    """Whether the keys are those of ``mmpretrain.VisionTransformer``."""
    return {'patch_embed.projection.weight', 'layers.0.ln1.weight',
            'pos_embed'} <= state.keys()


def convert_official_vit(state: StateDict) -> dict[str, Tensor]:
    """DeiT / MAE / DINOv2 / timm keys to ``mmpretrain.VisionTransformer``'s.

    Args:
        state (dict[str, Tensor]): The published state.

    Returns:
        dict[str, Tensor]: The same tensors under mmpretrain's names, without
        classification heads, mask token and MAE's reconstruction decoder.
    """
    return rename(state, _RULES, _UNUSED)


def clean_mmpretrain_vit(state: StateDict) -> dict[str, Tensor]:
    """An mmpretrain ViT without the parts that only its pre-training used.

    Args:
        state (dict[str, Tensor]): State of an ``mmpretrain.VisionTransformer``
            or of a backbone derived from it (``MAEViT``).

    Returns:
        dict[str, Tensor]: The same tensors but the mask token.
    """
    return rename(state, (), re.compile(r'mask_token$'))
