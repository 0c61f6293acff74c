"""Files that are whole or not there at all."""

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterable, Iterator
from typing import TextIO

from mmdet_mal.utils.errors import UserError

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
    folder, name = os.path.split(os.path.abspath(path))
    try:
        if os.path.isdir(path):
            raise IsADirectoryError('it is a folder, expected a file name')
        os.makedirs(folder, exist_ok=True)
        # A name of its own, as several machines may try at once.
        with tempfile.NamedTemporaryFile(dir=folder, prefix=f'{name}.probe') as file:
            file.write(b'\0')
            file.flush()
    except OSError as error:
        raise LabelRunError(
            f'{path}: cannot write {purpose} there ({error.strerror or error}); '
            'choose a folder that you may write to and that has space') from None


def refuse_overwriting(path: str, inputs: Iterable[str | None],
                       option: str) -> None:
    """Refuse to write over an input, under whatever name.

    Args:
        path: of the file that will be written later.
        inputs: paths of the files that are read; None stands for no file.
        option: of the command line, for the message.

    Raises:
        UserError: if the file is one of the inputs, also through links, or an
            input has the temporary name under which the file is written first.
    """
    for source in inputs:
        for written in (path, temporary_name(path)):
            if source is not None and _is_same_file(written, source):
                raise UserError(f'{option} {path}: this is the input, which '
                                'is never changed; give another name')


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

    Raises:
        LabelRunError: if another process is writing the same file.
        OSError: if the system does not let us write it.
    """
    temporary = temporary_name(path)
    with open(_open_locked(temporary, path), 'w', encoding='utf-8') as file:
        yield file
        sync_file(file)
        # Renamed while it is locked: whoever waits for the name finds it gone.
        os.replace(temporary, path)
    sync_folder(os.path.dirname(os.path.abspath(path)))


def create_once(path: str, text: str) -> bool:
    """Write a file if nobody has; of several at once, exactly one does.

    Args:
        path: the file; its folder must exist.
        text: its whole content, utf-8.

    Returns:
        Whether this call made it; if not, the file is there, whole.

    Raises:
        OSError: if the system does not let us write it.
    """
    if os.path.exists(path):
        return False
    folder, name = os.path.split(os.path.abspath(path))
    descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=f'{name}.tmp')
    try:
        with open(descriptor, 'w', encoding='utf-8') as file:
            file.write(text)
            os.fchmod(descriptor, 0o644)  # mkstemp's is for the owner alone
            sync_file(file)
        try:
            # Unlike a rename, a link fails when the name is taken.
            os.link(temporary, path)
        except FileExistsError:
            return False
        except OSError:  # a file system without hard links
            if os.path.exists(path):
                return False
            os.rename(temporary, path)
            temporary = ''
    finally:
        if temporary:
            os.remove(temporary)
    sync_folder(folder)
    return True


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


def _is_same_file(path: str, other: str) -> bool:
    """Whether two paths lead to one file, or will once there is one."""
    try:
        return os.path.samefile(path, other)
    except OSError:  # there is no such file yet
        return os.path.realpath(path) == os.path.realpath(other)


def _open_locked(temporary: str, path: str) -> int:
    """Open a temporary file for writing, empty, as its only writer.

    Returns:
        Its descriptor; the lock ends when it is closed, or with the process.
    """
    while True:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC,
                             0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise LabelRunError(
                f'{path}: another process is writing it at this moment; wait '
                'for it or stop it') from None
        except OSError:
            pass  # a file system without locks
        if _is_named(descriptor, temporary):
            os.ftruncate(descriptor, 0)
            return descriptor
        os.close(descriptor)  # renamed between our open and our lock


def _is_named(descriptor: int, path: str) -> bool:
    """Whether a path still names an open file."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False
