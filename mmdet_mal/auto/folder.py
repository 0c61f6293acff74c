"""The output folder of ``mal auto``: one run at a time, nothing foreign in it."""

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator

from mmdet_mal.labelling.files import check_writable
from mmdet_mal.utils.errors import UserError

from .state import STATE_NAME

_LOCK = '.lock'
_EARLIER = 'earlier-'
# After a kill -9 the child of the run before still flushes what it has in work.
_PATIENCE_SECONDS = 20.


@contextlib.contextmanager
def hold_folder(path: str) -> Iterator[int]:
    """Make the folder and be the only run in it.

    Args:
        path: Of the folder.

    Yields:
        Descriptor of the lock.  Children that inherit it keep the folder
        locked until they end, too.

    Raises:
        UserError: If it cannot be written, holds what no run wrote, or another
            run works in it.
    """
    check_writable(os.path.join(path, STATE_NAME), 'the results')
    lock = os.path.join(path, _LOCK)
    foreign = [name for name in sorted(os.listdir(path))
               if name != _LOCK and not name.startswith((_EARLIER, STATE_NAME))]
    if foreign and not os.path.exists(os.path.join(path, STATE_NAME)) \
            and not os.path.exists(lock):
        raise UserError(
            f'{path}: holds {", ".join(foreign[:3])}, which no run of mal auto '
            'wrote; choose a new folder with -o')
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _lock(descriptor, path)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def move_aside(path: str) -> str | None:
    """Move all that a run wrote into a folder of its own; nothing is deleted.

    Args:
        path: Of the run's folder, held.

    Returns:
        Where it is now; None if there was nothing.
    """
    names = [name for name in sorted(os.listdir(path))
             if name != _LOCK and not name.startswith(_EARLIER)]
    if not names:
        return None
    number = 1
    while os.path.exists(target := os.path.join(path, f'{_EARLIER}{number}')):
        number += 1
    os.mkdir(target)
    # The state last: cut off in between, the rest still belongs to a run.
    for name in sorted(names, key=lambda name: name == STATE_NAME):
        shutil.move(os.path.join(path, name), os.path.join(target, name))
    return target


def _lock(descriptor: int, path: str) -> None:
    """Take the lock, waiting a little for what is about to end."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > until or _owner_lives(descriptor):
                number = os.pread(descriptor, 20, 0).decode(errors='replace')
                raise UserError(
                    f'{path}: another mal auto (process {number or "unknown"}) '
                    'is working in this folder; wait for it, stop it, or choose '
                    'another folder with -o') from None
            time.sleep(.2)
        except OSError:
            return  # a file system without locks


def _owner_lives(descriptor: int) -> bool:
    """Whether the process that took the lock runs, not only its children."""
    try:
        os.kill(int(os.pread(descriptor, 20, 0)), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        pass
    return True
