"""Files that are whole or not there at all."""

import contextlib
import os
from collections.abc import Iterator
from typing import TextIO

from .errors import LabelRunError


def temporary_name(path: str) -> str:
    """Return the name under which a file is written before it is renamed.

    It is the same in every run, so that what a killed run leaves behind is
    overwritten by the next and does not pile up.
    """
    return f'{path}.tmp'


def check_writable(path: str, purpose: str) -> None:
    """Make the folder of a file and prove that a file can be written there.

    Args:
        path: of the file that will be written later; it is not touched.
        purpose: what is written there, for the message.

    Raises:
        LabelRunError: in one line, if the folder cannot be made or written,
            or the path is a folder itself.
    """
    folder = os.path.dirname(os.path.abspath(path))
    # The name holds the process id, as several ranks may try at once.
    probe = f'{os.path.abspath(path)}.probe{os.getpid()}'
    try:
        if os.path.isdir(path):
            raise IsADirectoryError('it is a folder, expected a file name')
        os.makedirs(folder, exist_ok=True)
        with open(probe, 'wb') as file:
            file.write(b'\0')
        os.remove(probe)
    except OSError as error:
        raise LabelRunError(
            f'{path}: cannot write {purpose} there ({error.strerror or error}); '
            'choose a folder that you may write to and that has space') from None


@contextlib.contextmanager
def write_then_rename(path: str) -> Iterator[TextIO]:
    """Open a text file that gets its name only when the block succeeds.

    The file is flushed and synced to disk, renamed, and the folder synced, so
    that after a crash or a power cut the name holds the old file or the new
    one, whole.  When the block raises, the temporary file stays for inspection.

    Args:
        path: the final name; an older file of that name is replaced.

    Yields:
        The open file (utf-8) under its temporary name.
    """
    temporary = temporary_name(path)
    with open(temporary, 'w', encoding='utf-8') as file:
        yield file
        sync_file(file)
    os.replace(temporary, path)
    sync_folder(os.path.dirname(os.path.abspath(path)))


def sync_file(file: TextIO) -> None:
    """Flush a file's buffer and wait until the disk has it."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: str) -> None:
    """Wait until the disk has the names in a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        pass  # some network file systems refuse to sync folders
    finally:
        os.close(descriptor)
