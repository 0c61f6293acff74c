"""Parts of a data set: train, val, test."""

import os

from mmdet_mal.utils.errors import UserError

from .option import Option

SPLIT = Option('split', 'read this part alone, such as train', metavar='NAME')


def read_split(folder: str, split: str) -> set[str]:
    """Names of images, without extension, that belong to a part.

    Args:
        folder: Holds ``train.txt`` and so on, a name a line (what follows a
            blank on a line is no name).
        split: Name of the part.

    Raises:
        UserError: If there is no such list.
    """
    path = os.path.join(folder, f'{split}.txt')
    try:
        with open(path, encoding='utf-8-sig') as file:
            return {line.split()[0] for line in file if line.strip()}
    except (OSError, UnicodeDecodeError):
        there = sorted(name[:-4] for name in _listed(folder)
                       if name.endswith('.txt'))
        raise UserError(f'{path}: no such list of a part (--split {split}); '
                        f"there is {', '.join(there)[:200] or 'none'}") from None


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
