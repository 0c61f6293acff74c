"""File backend that reads images out of an LMDB database."""

import os
import threading
from pathlib import Path
from typing import Any

from mmengine.fileio import BaseStorageBackend

from mmdet_mal.utils.errors import UserError

# LMDB must not open a database twice in one process, so that all backends of
# a process share what is open.  A fork inherits it, which is sound here: it
# is opened read-only and without the lock table that ties it to a process.
_open: dict[str, Any] = {}
_lock = threading.Lock()


class LmdbImageBackend(BaseStorageBackend):
    """Images out of LMDB; the keys are the file names in UTF-8.

    mmengine's own 'lmdb' backend works as well; this one says which names are
    absent without reading the images, may be used by several threads from the
    start, and takes names that are not ascii.

    Args:
        db_path (str): The database: a folder, or a file with ``subdir=False``.
        **kwargs: Further arguments of ``lmdb.open``.

    Raises:
        ImportError: If lmdb is not installed.
    """

    def __init__(self, db_path: str, **kwargs: Any) -> None:
        import lmdb  # noqa: F401  an optional package
        self.db_path = os.fspath(db_path)
        self.kwargs = kwargs

    def open(self) -> Any:
        """Open the database, unless this process has done so.

        Returns:
            lmdb.Environment: Read-only.

        Raises:
            UserError: If it is absent or no LMDB database.
        """
        import lmdb
        path = os.path.realpath(self.db_path)
        with _lock:
            if path not in _open:
                try:
                    _open[path] = lmdb.open(
                        path, readonly=True, lock=False, readahead=False,
                        **self.kwargs)
                except lmdb.Error as error:
                    raise UserError(
                        f'{self.db_path}: cannot be opened as LMDB database of '
                        f'images ({error}); correct the path') from None
            return _open[path]

    def get(self, filepath: str | Path) -> bytes:
        """Read a file.

        Args:
            filepath (str | Path): The key.

        Returns:
            bytes: The file.

        Raises:
            FileNotFoundError: If there is no such key.
        """
        with self.open().begin() as transaction:
            content = transaction.get(_key(filepath))
        if content is None:
            raise FileNotFoundError(f'{filepath} is no key of {self.db_path}')
        return content

    def get_text(self, filepath: str | Path, encoding: str = 'utf-8') -> str:
        """Read a text file; arguments and errors as :meth:`get`."""
        return self.get(filepath).decode(encoding)

    def exists(self, filepath: str | Path) -> bool:
        """Say whether there is such a key, without reading its value."""
        with self.open().begin() as transaction:
            return transaction.cursor().set_key(_key(filepath))

    isfile = exists


def _key(filepath: str | Path) -> bytes:
    return os.fspath(filepath).encode('utf-8')
