"""Append finished chunks to a file that survives being cut off anywhere."""

import fcntl
import json
import os
from typing import Any

from .errors import LabelRunError
from .files import sync_folder
from .share import Share

# A line is {"chunk":i,"records":[{...},{...}]}; no other form is written, so
# the index finds each record by its byte offset.
_SEPARATORS = (',', ':')
_TAIL_BLOCK = 1 << 16


def shard_path(run_dir: str, rank: int, share: Share | None = None) -> str:
    """Return the file to which a rank appends.

    Args:
        run_dir: the run's folder.
        rank: of the process among those that were started with it.
        share: the part of the run that these processes do, where there are
            others that were started on their own.
    """
    part = '' if share is None else f'-{share.file_stem}'
    return os.path.join(run_dir, 'shards', f'rank{rank}{part}.jsonl')


class ShardWriter:
    """Appends the records of whole chunks, one ascii JSON line each.

    A line goes to the operating system as soon as it is complete, so killing
    the process loses at most the chunk in work; it is synced to disk every
    ``sync_interval`` lines, so a power cut loses at most that many.  A torn
    last line, left by a process that was killed, is cut off on opening.

    Args:
        path: of the shard; its folder must exist.
        sync_interval: lines between two syncs to disk, at least 1.

    Raises:
        LabelRunError: if the file cannot be opened, or another process is
            writing to it.
    """

    def __init__(self, path: str, sync_interval: int = 8) -> None:
        if sync_interval < 1:
            raise ValueError(
                f'sync_interval is {sync_interval}, expected at least 1')
        self.path = path
        self.sync_interval = sync_interval
        self._unsynced = 0
        self._file = -1
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            self._lock()
            self._end = _end_of_last_line(self._file)
            os.ftruncate(self._file, self._end)
            os.fsync(self._file)
        except OSError as error:
            self.close()
            raise LabelRunError(f'{path}: cannot open the shard for writing '
                                f'({error.strerror}); choose another run folder'
                                ) from None
        except LabelRunError:
            self.close()
            raise
        sync_folder(os.path.dirname(os.path.abspath(path)))

    def append(self, chunk: int, records: list[dict[str, Any]]) -> None:
        """Append a finished chunk.

        Args:
            chunk: its index, 0 or more.
            records: of its boxes, as :mod:`.records` builds them; may be empty.

        Raises:
            LabelRunError: if the disk does not take the line (it is full,
                say); the shard then ends with the chunk before.
            ValueError: if a record holds NaN or what JSON cannot hold.
        """
        body = ','.join(json.dumps(r, separators=_SEPARATORS, allow_nan=False)
                        for r in records)
        line = f'{{"chunk":{int(chunk)},"records":[{body}]}}\n'.encode('ascii')
        try:
            self._write(line)
            self._unsynced += 1
            if self._unsynced >= self.sync_interval:
                self.sync()
        except OSError as error:
            self._take_back()
            raise LabelRunError(
                f'{self.path}: cannot write chunk {chunk} ({error.strerror}); '
                'make space and start the same command again, it resumes there'
            ) from None

    def sync(self) -> None:
        """Wait until the disk has everything that was appended."""
        os.fsync(self._file)
        self._unsynced = 0

    def close(self) -> None:
        """Sync and close; may be called twice.

        Raises:
            LabelRunError: if the disk did not take everything.
        """
        if self._file < 0:
            return
        descriptor, self._file = self._file, -1
        try:
            os.fsync(descriptor)
        except OSError as error:
            raise LabelRunError(
                f'{self.path}: cannot be synced to disk ({error.strerror}); '
                'start the same command again, it labels what was lost'
            ) from None
        finally:
            os.close(descriptor)

    def __enter__(self) -> 'ShardWriter':
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _lock(self) -> None:
        """Refuse a shard that another process writes; the lock dies with us."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LabelRunError(
                f'{self.path}: another process is writing to this run folder; '
                'wait for it or stop it') from None
        except OSError:
            pass  # a file system without locks

    def _write(self, line: bytes) -> None:
        """Write a line at the end, in as many calls as the system needs."""
        written = 0
        while written < len(line):
            written += os.pwrite(self._file, line[written:], self._end + written)
        self._end += len(line)

    def _take_back(self) -> None:
        """Cut off what a failed write left behind the last whole line."""
        try:
            os.ftruncate(self._file, self._end)
        except OSError:
            pass  # the next start cuts the torn line off


def _end_of_last_line(descriptor: int) -> int:
    """Return the offset behind the last newline of an open file."""
    position = os.fstat(descriptor).st_size
    while position > 0:
        start = max(0, position - _TAIL_BLOCK)
        newline = os.pread(descriptor, position - start, start).rfind(b'\n')
        if newline >= 0:
            return start + newline + 1
        position = start
    return 0
