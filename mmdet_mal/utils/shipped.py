"""Where the configs and tools that come with the package lie."""

import difflib
from pathlib import Path

from mmdet_mal.utils.errors import UserError

_PACKAGE = Path(__file__).resolve().parents[1]
# Bases are no configs to run.
_PARTS = '_base_'


def shipped_root() -> Path:
    """The folder with ``configs`` and ``tools``.

    A wheel carries them in ``mmdet_mal/.mim``, where mim looks; a checkout has
    them beside the package.
    """
    in_wheel = _PACKAGE / '.mim'
    return in_wheel if (in_wheel / 'configs').is_dir() else _PACKAGE.parent


def shipped_configs() -> dict[str, Path]:
    """Files of the shipped configs of labellers by name, without ``.py``."""
    folder = shipped_root() / 'configs' / 'mal'
    return {path.stem: path for path in sorted(folder.rglob('*.py'))
            if _PARTS not in path.relative_to(folder).parts}


def find_config(config: str) -> str:
    """Path of a config file.

    Args:
        config (str): A path, or the name of a shipped config of a labeller
            such as ``'instant_deit-ti'``, with or without ``.py``.  A file of
            that path counts first.

    Returns:
        str: The path as it was given, or that of the shipped file.

    Raises:
        UserError: If there is neither.
    """
    if Path(config).is_file():
        return config
    shipped = shipped_configs()
    # Also what stands in a command that was written for the repository.
    name = Path(config).name.removesuffix('.py')
    if name in shipped and config in (
            name, f'{name}.py', f'configs/mal/{name}.py'):
        return str(shipped[name])
    near = difflib.get_close_matches(name, shipped, n=3)
    hint = f'; perhaps {" or ".join(near)}' if near else ''
    raise UserError(f'{config}: no such config file; the shipped ones are in '
                    f'configs/mal{hint}')
