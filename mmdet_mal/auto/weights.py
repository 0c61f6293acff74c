"""The pretrained weights that a person gives."""

import os

from mmdet_mal.utils.errors import UserError

from .presets import PRESETS, WeightsKind

VARIABLE = 'MAL_WEIGHTS'


def find_weights(option: str | None, preset: str | None = None) -> str:
    """Path of the weights: the option, else the environment variable.

    Args:
        option: ``--weights``.
        preset: The preset that was asked for, for the message.

    Returns:
        Absolute path of a file that exists.

    Raises:
        UserError: If none is given or it is not there.
    """
    path = option or os.environ.get(VARIABLE)
    kind = PRESETS[preset or 'instant'].weights
    wanted = (f'{kind.file} of {kind.owner}; docs/encoders.md says where it is, '
              f'then name it with --weights FILE or {VARIABLE}')
    if not path:
        raise UserError(f'pretrained weights are needed: {wanted}')
    if not os.path.isfile(path):
        source = '--weights' if option else VARIABLE
        raise UserError(f'{source} {path}: no such file; needed is {wanted}')
    return os.path.abspath(path)


def kind_of_weights(path: str) -> WeightsKind:
    """Which of the known files this is, by the shapes in it.

    Raises:
        UserError: If it is no checkpoint, or of a network that no preset uses.
    """
    from mmdet_mal.engine.checkpoint import load_weights
    state = load_weights(path)
    known = {preset.weights for preset in PRESETS.values()}
    width = patch = 0
    for key, tensor in state.items():
        name = key.rsplit('.', 1)[-1]
        if name == 'cls_token':
            width = tensor.shape[-1]
        elif key.endswith(('patch_embed.proj.weight',
                           'patch_embed.projection.weight')):
            patch = tensor.shape[-1]
    extra = any('register_tokens' in key or 'dist_token' in key for key in state)
    for kind in known:
        if (kind.width, kind.patch) == (width, patch) and not extra:
            return kind
    found = (f'a ViT of width {width} with patches of {patch} px'
             + ' and further tokens' * extra if width and patch
             else 'no plain ViT')
    names = ', '.join(sorted(kind.file for kind in known))
    raise UserError(f'{path}: holds {found}; the presets start from {names}. '
                    "Other encoders: 'mal train' with their config "
                    '(docs/encoders.md)')
