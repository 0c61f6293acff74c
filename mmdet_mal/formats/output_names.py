"""Names of output files, made of the names of images."""

import ntpath
import os
import re

from mmdet_mal.utils.errors import UserError

_DRIVE = re.compile(r'^[A-Za-z]:')


class OutputNames:
    """Gives each image a name of its own that stays within the output.

    Folders of the images are kept, so that equal names in several folders stay
    apart; of absolute paths the name alone is kept.
    """

    def __init__(self) -> None:
        self._taken: dict[str, str] = {}

    def stem(self, file_name: str) -> str:
        """Relative path without extension.

        Args:
            file_name: Of the image.

        Raises:
            UserError: If another image has it already.
        """
        name = file_name.replace('\\', '/')
        absolute = name.startswith('/') or _DRIVE.match(name) or '://' in name
        parts = [part for part in ntpath.splitdrive(name)[1].split('/')
                 if part not in ('', '.', '..')]
        if not parts:
            raise UserError(f'image {file_name!r}: no file can be named after it')
        stem = os.path.splitext('/'.join(parts[-1:] if absolute else parts))[0]
        before = self._taken.setdefault(stem, file_name)
        if before != file_name:
            raise UserError(
                f'images {before!r} and {file_name!r} would both be written as '
                f'{stem!r}; rename one, or export them apart')
        return stem


def open_output(folder: str, name: str, mode: str = 'w') -> object:
    """Open a file of an output folder, with its folders made.

    Args:
        folder: Of the output.
        name: Relative path.
        mode: 'w' for UTF-8 text, 'wb' for bytes.
    """
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return open(path, mode, encoding=None if 'b' in mode else 'utf-8')
