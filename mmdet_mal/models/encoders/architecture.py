"""What the shapes of an encoder's weights say about its architecture."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from .rename import StateDict


@dataclass(frozen=True)
class Trait:
    """A property that weights and encoder must share.

    Args:
        name (str): What it is, for messages.
        read (Callable): Its value in a state under mmpretrain's names.
        advice (str): What to do where they differ; ``{found}`` stands for
            the value in the weights.
    """

    name: str
    read: Callable[[StateDict], object]
    advice: str


def differing_traits(family: str, state: StateDict,
                     own: StateDict) -> list[str]:
    """Where weights and encoder are of different architectures.

    Args:
        family (str): ``'ViT'``, ``'Swin'`` or ``'ConvNeXt'``, of both.
        state (dict[str, Tensor]): The weights under mmpretrain's names.
        own (dict[str, Tensor]): The encoder's ``state_dict``.

    Returns:
        list[str]: A phrase for each trait that differs: what was found, what
        the encoder has, what to do.
    """
    phrases = []
    for trait in TRAITS[family]:
        found, expected = trait.read(state), trait.read(own)
        if found != expected:
            advice = trait.advice.format(found=found)
            phrases.append(
                f'{trait.name} {found} for {expected} ({advice})')
    if family == 'ViT' and _blocks(state) < _blocks(own):
        # More blocks than the encoder has are no fault: it may be shortened.
        phrases.append(f'{_blocks(state)} blocks for {_blocks(own)} ({_ARCH})')
    return phrases


def _size(key: str, dim: int, absent: object = 'none') -> Callable:
    """Reader of one side of one tensor."""

    def read(state: StateDict) -> object:
        tensor = state.get(key)
        if tensor is None or tensor.ndim <= dim:
            return absent
        return tensor.shape[dim]

    return read


def _has(key: str) -> Callable:
    """Reader of whether there is a tensor."""
    return lambda state: 'yes' if key in state else 'no'


def _blocks(state: StateDict) -> int:
    """Number of transformer blocks of a ViT."""
    return len({key.split('.')[1] for key in state
                if key.startswith('layers.')})


def _stage_depths(state: StateDict) -> tuple[int, ...]:
    """Blocks of each stage of a hierarchical encoder."""
    pattern = re.compile(r'stages\.(\d+)\.(?:blocks\.)?(\d+)\.')
    blocks = {tuple(map(int, match.groups()))
              for match in map(pattern.match, state) if match}
    stages = 1 + max((stage for stage, _ in blocks), default=-1)
    return tuple(
        sum(stage == index for stage, _ in blocks) for index in range(stages))


def _window(state: StateDict) -> object:
    """Side of Swin's windows: a table has (2 * side - 1)² entries."""
    table = state.get(
        'stages.0.blocks.0.attn.w_msa.relative_position_bias_table')
    return 'none' if table is None else (round(len(table)**0.5) + 1) // 2


# Written as --cfg-options takes them.
_SET = 'set model.network.encoder.'
_ARCH = f'{_SET}arch to that of the weights'
_PATCH = f'{_SET}patch_size={{found}} and a crop size that it divides'

TRAITS = {
    'ViT': (
        Trait('patch size', _size('patch_embed.projection.weight', -1),
              _PATCH),
        Trait('width', _size('patch_embed.projection.weight', 0), _ARCH),
        Trait('distillation token', _has('dist_token'),
              f'yes: {_SET}type=mmpretrain.DistilledVisionTransformer; '
              'no: mmpretrain.VisionTransformer'),
        Trait('register tokens', _size('register_tokens', 1, absent=0),
              f'more than 0: {_SET}type=mmdet_mal.RegisterVisionTransformer '
              'and encoder.num_registers; 0: mmpretrain.VisionTransformer'),
        Trait('layer scale', _has('layers.0.attn.gamma1.weight'),
              f'yes: {_SET}layer_scale_init_value=1e-5; no: 0'),
    ),
    'Swin': (
        Trait('patch size', _size('patch_embed.projection.weight', -1),
              _PATCH),
        Trait('width', _size('patch_embed.projection.weight', 0), _ARCH),
        Trait('blocks of the stages', _stage_depths, _ARCH),
        Trait('window', _window, f'{_SET}window_size={{found}}'),
    ),
    'ConvNeXt': (
        Trait('width', _size('downsample_layers.0.0.weight', 0), _ARCH),
        Trait('blocks of the stages', _stage_depths, _ARCH),
        Trait('response normalisation (ConvNeXt V2)',
              _has('stages.0.0.grn.gamma'),
              f'yes: {_SET}use_grn=True and encoder.layer_scale_init_value=0; '
              'no: use_grn=False'),
    ),
}
