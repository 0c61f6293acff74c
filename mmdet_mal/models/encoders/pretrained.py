"""Pretrained weights into an encoder, strictly."""

import math
import re

from mmengine.logging import MMLogger
from mmpretrain.models.utils import resize_pos_embed
from torch import Tensor, nn

from mmdet_mal.engine.checkpoint import (CheckpointError, load_strict,
                                         load_weights)

from .architecture import differing_traits
from .convert import convert_published
from .licences import UNKNOWN, licence_of


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
    """Load a published checkpoint into an encoder and log its licence.

    Accepts the files of the authors of DeiT, MAE, DINOv2, Swin Transformer
    and ConvNeXt, and those of mmpretrain.

    Args:
        encoder (nn.Module): The encoder, freshly built: an mmpretrain
            backbone or one of this package.
        path (str): Checkpoint file, opened with ``weights_only=True``.

    Raises:
        CheckpointError: If the file is missing, is no checkpoint, is of
            another architecture than the encoder, or a key has no counterpart
            or another shape: all of them are listed.
    """
    family, state = convert_published(load_weights(path))
    own = encoder.state_dict()
    own_family, _ = convert_published(own)
    _check_architecture(family, state, own_family, own, path)
    if own_family == 'ViT' and 'pos_embed' in state:
        _check_square(state['pos_embed'], encoder, path)
        state['pos_embed'] = fit_pos_embed(state['pos_embed'], encoder)
    state = {
        key: tensor
        for key, tensor in state.items() if not _is_cut_off(key, encoder, own)
    }
    load_strict(encoder, state, source=path, allow_missing=_new_norms(own))
    licence = licence_of(path)
    logger = MMLogger.get_current_instance()
    log = logger.warning if licence == UNKNOWN else logger.info
    log(f'Loaded {len(state)} tensors of {path} into the encoder; licence of '
        f'these weights: {licence}')


def _check_architecture(family: str | None, state: dict,
                        own_family: str | None, own: dict, path: str) -> None:
    """Raise a CheckpointError where another network is asked for.

    An encoder of no known family takes weights of its own keys only, which
    :func:`load_strict` checks.
    """
    if own_family is None:
        return
    if family is None:
        raise CheckpointError(
            f"{path}: holds no encoder in a known layout (found the keys "
            f"{', '.join(sorted(state)[:3])}, ...); expected a {own_family} "
            'as published by its authors or by mmpretrain')
    if family != own_family:
        raise CheckpointError(
            f'{path}: holds a {family}, but the encoder of the config is a '
            f'{own_family}; use the config of these weights or the weights of '
            'this config (docs/encoders.md lists both)')
    differing = differing_traits(family, state, own)
    if differing:
        raise CheckpointError(
            f'{path}: holds another {family} than the encoder: '
            f"{', '.join(differing)}; or use the weights that the config "
            'names')


def _check_square(pos_embed: Tensor, encoder: nn.Module, path: str) -> None:
    """Raise a CheckpointError unless the positions form a square grid."""
    extra = encoder.num_extra_tokens
    length = pos_embed.shape[1]
    if length <= extra or math.isqrt(length - extra)**2 != length - extra:
        raise CheckpointError(
            f'{path}: pos_embed has {length} tokens, expected {extra} and a '
            'square grid of patches; use weights trained on square images '
            'whose class token has a position')


def _is_cut_off(key: str, encoder: nn.Module, own: dict) -> bool:
    """Whether a tensor belongs to what an encoder leaves out by config.

    That is a block of a ViT behind the encoder's last one, and the final norm
    where the config asks for none (``final_norm=False``) or not for the last
    map (``out_indices``); these and only these may be left over.
    """
    parts = key.split('.')
    if parts[0] == 'layers' and len(parts) > 1 and parts[1].isdigit():
        depth = len(getattr(encoder, 'layers', ()))
        return int(parts[1]) >= depth > 0
    last = _last_stage(own)
    final_norm = 'ln1' if last is None else f'norm{last}'
    return parts[0] == final_norm and key not in own


def _new_norms(own: dict) -> list[str]:
    """Norms of a hierarchical encoder's earlier maps, which start fresh.

    A classifier has a norm behind its last stage only; the encoder has one
    for each of ``out_indices``.
    """
    last = _last_stage(own)
    return [
        key for key in own
        if (match := re.match(r'norm(\d+)\.', key)) and last is not None
        and int(match[1]) < last
    ]


def _last_stage(own: dict) -> int | None:
    """Index of a hierarchical encoder's last stage, None for a plain one."""
    return max((int(key.split('.')[1])
                for key in own if key.startswith('stages.')), default=None)
