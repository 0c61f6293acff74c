"""Which checkpoint a run goes on from."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from mmengine.logging import MMLogger

from .checkpoint import CheckpointError, load_verified

# What CheckpointHook names after an epoch or an iteration.
_NAME = re.compile(r'(epoch|iter)_(\d+)\.pth')

# What CheckpointHook saves and Runner.resume reads.
_STATE = ('meta', 'state_dict', 'message_hub', 'optimizer')

# In the work folder: the path of the latest checkpoint, by CheckpointHook.
_POINTER = 'last_checkpoint'


def find_resumable(work_dir: str | os.PathLike) -> Path | None:
    """Latest checkpoint of a work folder that can be gone on from.

    Damaged ones are passed over with a warning that names them.  So are files
    newer than the one that ``last_checkpoint`` names: they come from another
    run in the same folder.

    Args:
        work_dir (str | os.PathLike): The folder.

    Returns:
        Path | None: The file; None if the folder has no checkpoint at all.

    Raises:
        CheckpointError: If there are checkpoints and none can be used.
    """
    faults = []
    for path in _newest_first(Path(work_dir)):
        try:
            check_resumable(path)
        except CheckpointError as error:
            faults.append(str(error))
            continue
        if faults:
            MMLogger.get_current_instance().warning(
                f'Cannot go on from the latest checkpoint: {"; ".join(faults)}'
                f'. Going on from the one before, {path}')
        return path
    if faults:
        raise CheckpointError(
            f'{os.fspath(work_dir)}: no checkpoint can be gone on from: '
            f'{"; ".join(faults)}. Restore one, or delete them to start from '
            'the beginning')
    return None


def read_pointer(work_dir: str | os.PathLike) -> str:
    """What ``last_checkpoint`` of a work folder says.

    Args:
        work_dir (str | os.PathLike): The folder.

    Returns:
        str: A path or an address such as ``s3://...``; '' if the file is
        absent or unreadable.
    """
    try:
        return Path(work_dir, _POINTER).read_text(encoding='utf-8').strip()
    except (OSError, UnicodeDecodeError):
        return ''


def check_resumable(path: str | os.PathLike) -> None:
    """Raise a :class:`CheckpointError` unless training can go on from a file.

    Args:
        path (str | os.PathLike): A checkpoint of MMEngine's runner.
    """
    content = load_verified(path, lazily=True)
    missing = [
        key for key in _STATE
        if not isinstance(content, Mapping) or key not in content
    ]
    if missing:
        raise CheckpointError(
            f'{os.fspath(path)}: has weights perhaps, but no state of a '
            f"training ({', '.join(missing)} missing); to start from its "
            'weights, set load_from and do not resume')


def _newest_first(work_dir: Path) -> list[Path]:
    """Checkpoints of a folder, the latest first."""
    named = _named(work_dir)
    folder = work_dir if named is None else named.parent
    found = {
        path: (path.stat().st_mtime_ns, int(match[2]), match[1])
        for path in folder.glob('*.pth')
        if (match := _NAME.fullmatch(path.name)) and path != named
    }
    if named is not None and (match := _NAME.fullmatch(named.name)):
        latest = named.stat().st_mtime_ns
        found = {
            path: key
            for path, key in found.items()
            # Copying a folder may lose the times; within a kind, the numbers
            # tell more.
            if (key[1] < int(match[2]) if key[2] == match[1] else
                key[0] <= latest)
        }
    rest = sorted(found, key=found.__getitem__, reverse=True)
    return rest if named is None else [named, *rest]


def _named(work_dir: Path) -> Path | None:
    """The file that ``last_checkpoint`` names, if there is such a file."""
    text = read_pointer(work_dir)
    # The folder may have been moved since the path was written.
    for path in (Path(text), work_dir / Path(text).name):
        if text and path.is_file():
            return path
    return None
