"""Licences of published weights, as far as a file's name tells."""

import os
import re

UNKNOWN = ('unknown: nothing in the name of the file tells whose weights '
           'they are; ask where they come from before you use the masks')

_MIT = 'MIT licence of the repository'

# The names under which the authors offer their files, and OpenMMLab those
# that it converted ("3rdparty"); only licences that the authors state
# themselves.  For what OpenMMLab trained itself none is stated: unknown.
_PUBLISHED = tuple((re.compile(pattern), terms) for pattern, terms in (
    (r'mae_(pretrain|finetuned|visualize)_vit_',
     'MAE of Meta AI, CC BY-NC 4.0: not for commercial use'),
    (r'deit_(tiny|small|base)_', 'DeiT of Meta AI, Apache-2.0'),
    (r'deit-[a-z-]+_3rdparty_', 'DeiT of Meta AI, Apache-2.0'),
    (r'dinov2_vit[sblg]14_', 'DINOv2 of Meta AI, Apache-2.0'),
    (r'vit-\w+-p14_dinov2-pre_', 'DINOv2 of Meta AI, Apache-2.0'),
    (r'swin_(tiny|small|base|large)_patch4_window',
     f'Swin Transformer of Microsoft, {_MIT}'),
    (r'convnext-[a-z]+_(in21k-pre_)?3rdparty',
     f'ConvNeXt of Meta AI, {_MIT}'),
    (r'convnext_(tiny|small|base|large|xlarge)_(1k|22k)_',
     f'ConvNeXt of Meta AI, {_MIT}'),
))


def licence_of(path: str | os.PathLike) -> str:
    """Whose weights a file holds and under which licence, by its name.

    Args:
        path (str | os.PathLike): The weights file; it is not opened.

    Returns:
        str: Owner and licence, or :data:`UNKNOWN`.
    """
    name = os.path.basename(os.fspath(path)).lower()
    for pattern, terms in _PUBLISHED:
        if pattern.match(name):
            return terms
    return UNKNOWN
