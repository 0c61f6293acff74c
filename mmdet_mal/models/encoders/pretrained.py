"""Pretrained weights into an encoder, strictly."""

import math

from mmengine.logging import MMLogger
from mmpretrain.models.utils import resize_pos_embed
from torch import Tensor, nn

from mmdet_mal.engine.checkpoint import load_strict, load_weights

from .convert import (convert_official_vit, is_official_vit,
                      strip_mmpretrain_prefix)


def fit_pos_embed(pos_embed: Tensor, encoder: nn.Module) -> Tensor:
    """Interpolate a square position embedding to the encoder's patch grid.

    Args:
        pos_embed (Tensor): (1, extra tokens + g², C).
        encoder (nn.Module): A ``mmpretrain.VisionTransformer``.

    Returns:
        Tensor: (1, extra tokens + h·w, C); the argument itself if it fits.
    """
    target = encoder.patch_resolution
    extra = encoder.num_extra_tokens
    side = math.isqrt(pos_embed.shape[1] - extra)
    if pos_embed.shape[1] == extra + target[0] * target[1]:
        return pos_embed
    return resize_pos_embed(pos_embed, (side, side), target,
                            mode='bicubic', num_extra_tokens=extra)


def load_pretrained_encoder(encoder: nn.Module, path: str) -> None:
    """Load a published checkpoint into an encoder.

    Accepts the key layouts of DeiT, MAE and timm (ViT) and of mmpretrain.

    Args:
        encoder (nn.Module): The encoder, freshly built.
        path (str): Checkpoint file, opened with ``weights_only=True``.

    Raises:
        CheckpointError: If the file is missing, is no checkpoint, or a key
            has no counterpart or another shape: all of them are listed.
    """
    state = load_weights(path)
    if is_official_vit(state):
        state = convert_official_vit(state)
    elif any(key.startswith('backbone.') for key in state):
        state = strip_mmpretrain_prefix(state)
    own = getattr(encoder, 'pos_embed', None)
    given = state.get('pos_embed')
    if (own is not None and given is not None
            and given.shape[-1] == own.shape[-1]):
        state['pos_embed'] = fit_pos_embed(given, encoder)
    state = {
        key: tensor
        for key, tensor in state.items() if not _is_cut_off(key, encoder)
    }
    load_strict(encoder, state, source=path)
    MMLogger.get_current_instance().info(
        f'Loaded {len(state)} tensors of {path} into the encoder')


def _is_cut_off(key: str, encoder: nn.Module) -> bool:
    """Whether a tensor belongs to what a shortened encoder leaves out.

    That is a block behind the encoder's last one, and the final norm where
    ``final_norm=False``; these and only these may be left over.
    """
    parts = key.split('.')
    if parts[0] == 'layers' and len(parts) > 1 and parts[1].isdigit():
        depth = len(getattr(encoder, 'layers', ()))
        return int(parts[1]) >= depth > 0
    return parts[0] == 'ln1' and not getattr(encoder, 'final_norm', True)
