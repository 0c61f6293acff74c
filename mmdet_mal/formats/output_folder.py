"""Folders that are whole or not there at all."""

import contextlib
import os
import shutil
from collections.abc import Iterator

from mmdet_mal.utils.errors import UserError

# Names of files: a person who gives one expects a file.
_FILE_SUFFIXES = ('.json', '.xml', '.txt', '.png', '.yaml', '.zip')
# Proves that a folder of a temporary name is ours to remove.
_MARK = '.mal-export'


def check_folder(path: str) -> None:
    """Prove that an output folder can be made.

    Args:
        path: Of the folder that will be made.

    Raises:
        UserError: If it holds something already, has the name of a file, or
            cannot be made.
    """
    if path.lower().endswith(_FILE_SUFFIXES):
        raise UserError(f'{path}: is the name of a file, and this format is a folder '
                        f'of files; give a name such as {os.path.splitext(path)[0]}')
    if os.path.lexists(path):
        if not os.path.isdir(path):
            raise UserError(f'{path}: is a file, and this format is a folder; give '
                            'another name')
        if os.listdir(path):
            raise UserError(f'{path}: this folder is not empty; give another name, '
                            'or remove it')
    temporary = _temporary(path)
    if os.path.lexists(temporary) and not os.path.exists(
            os.path.join(temporary, _MARK)):
        raise UserError(f'{temporary}: is in the way; remove it or give another '
                        'name')


@contextlib.contextmanager
def folder_then_rename(path: str) -> Iterator[str]:
    """Make a folder that gets its name only when the block succeeds.

    When the block raises, the folder stays under its temporary name for
    inspection; the next try removes it.

    Args:
        path: The final name; :func:`check_folder` has passed it.

    Yields:
        The folder under its temporary name.

    Raises:
        UserError: If the system does not let us write it.
    """
    temporary = _temporary(path)
    mark = os.path.join(temporary, _MARK)
    try:
        if os.path.exists(mark):
            shutil.rmtree(temporary)
        os.makedirs(temporary)
        open(mark, 'w').close()
    except OSError as error:
        raise UserError(f'{path}: cannot be made ({error.strerror}); choose a place '
                        'that you may write to and that has space') from None
    yield temporary
    os.remove(mark)
    os.rename(temporary, path)  # onto an empty folder too


def _temporary(path: str) -> str:
    return os.path.abspath(path) + '.tmp'
