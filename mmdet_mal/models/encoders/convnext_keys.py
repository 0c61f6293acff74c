"""ConvNeXt: the keys of its authors, and mmpretrain's."""

import re

from torch import Tensor

from .rename import StateDict, rename

_UNUSED = re.compile(r'head\.')

_RULES = (
    (r'stages\.(\d+)\.(\d+)\.dwconv\.', r'stages.\1.\2.depthwise_conv.'),
    (r'stages\.(\d+)\.(\d+)\.pwconv([12])\.',
     r'stages.\1.\2.pointwise_conv\3.'),
)


def is_official_convnext(state: StateDict) -> bool:
    """Whether the keys are those of the authors' ConvNeXt."""
    return {'downsample_layers.0.0.weight',
            'stages.0.0.dwconv.weight'} <= state.keys()


def is_mmpretrain_convnext(state: StateDict) -> bool:
    """Whether the keys are those of ``mmpretrain.ConvNeXt``."""
    return {'downsample_layers.0.0.weight',
            'stages.0.0.depthwise_conv.weight'} <= state.keys()


def convert_official_convnext(state: StateDict) -> dict[str, Tensor]:
    """The authors' keys to ``mmpretrain.ConvNeXt``'s.

    Args:
        state (dict[str, Tensor]): The published state.

    Returns:
        dict[str, Tensor]: The same tensors under mmpretrain's names, without
        the classification head.
    """
    stages = {key.split('.')[1] for key in state if key.startswith('stages.')}
    last = max(map(int, stages))
    return rename(state, (*_RULES, (r'norm\.', f'norm{last}.')), _UNUSED)
