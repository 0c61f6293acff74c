"""Swin Transformer: the keys and orders of Microsoft, and mmpretrain's."""

import re

import torch
from torch import Tensor

from .rename import StateDict, rename

# The masks of shifted windows depend on the image size; mmpretrain computes
# them at each forward.
_UNUSED = re.compile(r'(head\.|((layers|stages)\.\d+\..*\.attn_mask$))')

_RULES = (
    (r'patch_embed\.proj\.', 'patch_embed.projection.'),
    (r'layers\.(\d+)\.blocks\.(\d+)\.mlp\.fc1\.',
     r'stages.\1.blocks.\2.ffn.layers.0.0.'),
    (r'layers\.(\d+)\.blocks\.(\d+)\.mlp\.fc2\.',
     r'stages.\1.blocks.\2.ffn.layers.1.'),
    (r'layers\.(\d+)\.blocks\.(\d+)\.attn\.',
     r'stages.\1.blocks.\2.attn.w_msa.'),
    (r'layers\.', 'stages.'),
)


def is_official_swin(state: StateDict) -> bool:
    """Whether the keys are those of Microsoft's Swin Transformer (V1)."""
    return {'patch_embed.proj.weight',
            'layers.0.blocks.0.attn.relative_position_bias_table'
            } <= state.keys()


def is_mmpretrain_swin(state: StateDict) -> bool:
    """Whether the keys are those of ``mmpretrain.SwinTransformer``."""
    return {'patch_embed.projection.weight',
            'stages.0.blocks.0.attn.w_msa.relative_position_bias_table'
            } <= state.keys()


def convert_official_swin(state: StateDict) -> dict[str, Tensor]:
    """Microsoft's keys and orders to ``mmpretrain.SwinTransformer``'s.

    Args:
        state (dict[str, Tensor]): The published state.

    Returns:
        dict[str, Tensor]: The state under mmpretrain's names, without head
        and attention masks; the input channels of the patch merging (norm and
        reduction) are reordered, see :func:`reorder_merged_channels`.
    """
    converted = rename(state, _RULES, _UNUSED)
    for key, tensor in converted.items():
        if re.match(r'stages\.\d+\.downsample\.(norm|reduction)\.', key):
            converted[key] = reorder_merged_channels(tensor)
    return clean_mmpretrain_swin(converted)


def clean_mmpretrain_swin(state: StateDict) -> dict[str, Tensor]:
    """A state of any version of mmpretrain's Swin under today's names.

    Args:
        state (dict[str, Tensor]): State of an ``mmpretrain.SwinTransformer``.

    Returns:
        dict[str, Tensor]: The same tensors without attention masks (stored by
        old versions), the final norm named after its stage.
    """
    stages = {key.split('.')[1] for key in state if key.startswith('stages.')}
    last = max(map(int, stages), default=0)
    return rename(state, ((r'norm\.', f'norm{last}.'), ), _UNUSED)


def reorder_merged_channels(tensor: Tensor) -> Tensor:
    """Channels of a 2x2 patch merging from Microsoft's order to mmcv's.

    Microsoft concatenates the four neighbours, (row, column) = (0, 0),
    (1, 0), (0, 1), (1, 1), each with all its channels.  mmcv unfolds: for
    each channel the four neighbours (0, 0), (0, 1), (1, 0), (1, 1).

    Args:
        tensor (Tensor): (..., 4 * C), the last dimension in Microsoft's
            order: weight or bias of the norm, or weight of the reduction.

    Returns:
        Tensor: The same shape, the last dimension in mmcv's order.
    """
    neighbours = tensor.unflatten(-1, (4, -1))  # (..., 4, C)
    order = torch.tensor([0, 2, 1, 3], device=tensor.device)
    return neighbours.index_select(-2, order).mT.flatten(-2)
