"""Key layouts of published checkpoints, turned into mmpretrain's."""

import re

from torch import Tensor

StateDict = dict[str, Tensor]

# Parts of published ViT files that a mask labeller has no use for, named one
# by one: any other key without a counterpart is an error.
_VIT_UNUSED = re.compile(
    r'^(head|head_dist|fc_norm|decoder_\w+|mask_token|pre_logits)(\.|$)')

_VIT_RULES = (
    (re.compile(r'^patch_embed\.proj\.'), 'patch_embed.projection.'),
    (re.compile(r'^blocks\.(\d+)\.norm([12])\.'), r'layers.\1.ln\2.'),
    (re.compile(r'^blocks\.(\d+)\.mlp\.fc1\.'), r'layers.\1.ffn.layers.0.0.'),
    (re.compile(r'^blocks\.(\d+)\.mlp\.fc2\.'), r'layers.\1.ffn.layers.1.'),
    (re.compile(r'^blocks\.(\d+)\.'), r'layers.\1.'),
    (re.compile(r'^norm\.'), 'ln1.'),
)


def is_official_vit(state: StateDict) -> bool:
    """Whether the keys are those of the DeiT, MAE and timm releases."""
    return 'patch_embed.proj.weight' in state and any(
        key.startswith('blocks.') for key in state)


def convert_official_vit(state: StateDict) -> StateDict:
    """DeiT / MAE / timm ViT keys to ``mmpretrain.VisionTransformer`` keys.

    Args:
        state (dict[str, Tensor]): The published state.

    Returns:
        dict[str, Tensor]: The same tensors under mmpretrain's names, without
        the classification head and MAE's reconstruction decoder.
    """
    converted = {}
    for key, tensor in state.items():
        if _VIT_UNUSED.match(key):
            continue
        for pattern, replacement in _VIT_RULES:
            new_key, hits = pattern.subn(replacement, key)
            if hits:
                break
        converted[new_key] = tensor
    return converted


def strip_mmpretrain_prefix(state: StateDict) -> StateDict:
    """Encoder of an mmpretrain classifier's checkpoint.

    Args:
        state (dict[str, Tensor]): State with keys such as ``backbone.ln1.…``
            and ``head.…``.

    Returns:
        dict[str, Tensor]: The backbone's part without its prefix.
    """
    prefix = 'backbone.'
    return {
        key[len(prefix):]: tensor
        for key, tensor in state.items() if key.startswith(prefix)
    }
