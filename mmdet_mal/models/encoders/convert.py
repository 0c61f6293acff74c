"""Which network published weights are of, under mmpretrain's names."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from .convnext_keys import (convert_official_convnext, is_mmpretrain_convnext,
                            is_official_convnext)
from .rename import StateDict
from .swin_keys import (clean_mmpretrain_swin, convert_official_swin,
                        is_mmpretrain_swin, is_official_swin)
from .vit_keys import (clean_mmpretrain_vit, convert_official_vit,
                       is_mmpretrain_vit, is_official_vit)


@dataclass(frozen=True)
class _Layout:
    """A way to name the tensors of one kind of network."""

    family: str
    recognise: Callable[[StateDict], bool]
    convert: Callable[[StateDict], dict[str, Tensor]]


_LAYOUTS = (
    _Layout('ViT', is_official_vit, convert_official_vit),
    _Layout('ViT', is_mmpretrain_vit, clean_mmpretrain_vit),
    _Layout('Swin', is_official_swin, convert_official_swin),
    _Layout('Swin', is_mmpretrain_swin, clean_mmpretrain_swin),
    _Layout('ConvNeXt', is_official_convnext, convert_official_convnext),
    _Layout('ConvNeXt', is_mmpretrain_convnext, dict),
)


def convert_published(
        state: StateDict) -> tuple[str | None, dict[str, Tensor]]:
    """Published encoder weights under mmpretrain's names.

    Args:
        state (dict[str, Tensor]): Weights in the layout of their authors
            (DeiT, MAE, DINOv2, Swin, ConvNeXt) or of mmpretrain, there alone
            or as the ``backbone.`` of a larger model.

    Returns:
        tuple[str | None, dict[str, Tensor]]: The family, ``'ViT'``,
        ``'Swin'`` or ``'ConvNeXt'``, and the converted state; for any other
        network None and the state without the prefix ``backbone.``.
    """
    state = _backbone(state)
    for layout in _LAYOUTS:
        if layout.recognise(state):
            return layout.family, layout.convert(state)
    return None, state


def _backbone(state: StateDict) -> dict[str, Tensor]:
    """The backbone of a larger model; the whole state if it has none."""
    prefix = 'backbone.'
    inner = {
        key[len(prefix):]: tensor
        for key, tensor in state.items() if key.startswith(prefix)
    }
    return inner or dict(state)
