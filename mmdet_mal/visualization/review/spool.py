"""Masks set aside on disk between reading them and writing the page."""

import json
from typing import Any

import numpy as np


class MaskSpool:
    """Entries by row of a page, written in any order, read in any order.

    A page is written image by image, and annotation files need not be in that
    order; what waits, waits on disk, so that memory does not grow with the
    masks.

    Args:
        path: a file that only this object uses; overwritten.
        rows: number of rows.
    """

    def __init__(self, path: str, rows: int) -> None:
        self._file = open(path, 'w+b')
        self._offsets = np.full(rows, -1, dtype=np.int64)

    def __enter__(self) -> 'MaskSpool':
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; whoever named it removes it."""
        self._file.close()

    def __contains__(self, row: int) -> bool:
        return self._offsets[row] >= 0

    @property
    def count(self) -> int:
        """Number of rows that have an entry."""
        return int((self._offsets >= 0).sum())

    def put(self, row: int, entry: Any) -> None:
        """Write an entry (any JSON value); the last of a row counts."""
        self._offsets[row] = self._file.seek(0, 2)
        self._file.write(json.dumps(entry).encode() + b'\n')

    def get(self, row: int) -> Any:
        """Read an entry, None if the row has none."""
        if self._offsets[row] < 0:
            return None
        self._file.seek(self._offsets[row])
        return json.loads(self._file.readline())
