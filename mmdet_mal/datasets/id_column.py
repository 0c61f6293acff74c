"""Ids in a column, and the way back from an id to its row."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

_LOWEST, _HIGHEST = -2**63, 2**63 - 1


def is_int(value: Any) -> bool:
    """Whether a value is an integer, and not a truth value."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_id(value: Any) -> bool:
    """Whether a value serves as an id: an integer that fits 64 bits."""
    return is_int(value) and _LOWEST <= value <= _HIGHEST


class IdColumn(Sequence):
    """Read-only ids: 8 bytes each if all are integers, else Python objects.

    Args:
        ids (Iterable[Any]): Integers, floats, strings, or None where there is
            none.  They are read once and not gathered first.

    Attributes:
        integers (np.ndarray | None): All ids, shape (n,), int64; None if they
            are Python objects.
    """

    def __init__(self, ids: Iterable[Any]) -> None:
        column, objects = array('q'), None
        for value in ids:
            if objects is not None:
                objects.append(value)
            elif is_id(value):
                column.append(value)
            else:
                objects = [*column, value]
        self._objects: list[Any] | None = objects
        self.integers = np.asarray(column) if objects is None else None

    def __len__(self) -> int:
        return len(self.integers if self._objects is None else self._objects)

    def __getitem__(self, index: int) -> Any:
        row = range(len(self))[index]
        if self._objects is None:
            return self.integers[row].item()
        return self._objects[row]

    @property
    def nbytes(self) -> int:
        """Bytes of the array; of a list, of its pointers alone."""
        return 8 * len(self)


class IdLookup:
    """Finds the rows of ids by bisection: 16 bytes an id, no dict.

    Ids are equal where Python says so (1, 1.0 and True); of equal ids the
    first row counts; None is no id.

    Args:
        ids (Sequence[Any]): As in :class:`IdColumn`; one of these takes less
            memory for a moment.
    """

    def __init__(self, ids: Sequence[Any]) -> None:
        self._others: dict[Any, int] = {}
        integers = ids.integers if isinstance(ids, IdColumn) else None
        if integers is not None:
            self._rows = np.argsort(integers, kind='stable')
            self._numbers = integers[self._rows]
        else:
            self._sort_objects(ids)
        # Much faster than numpy where single ids are looked up.
        self._sorted = memoryview(self._numbers)

    def _sort_objects(self, ids: Sequence[Any]) -> None:
        """Sort what equals an integer, put the others into the dict."""
        numbers = np.zeros(len(ids), dtype=np.int64)
        rows = np.zeros(len(ids), dtype=np.int64)
        count = 0
        for row, value in enumerate(ids):
            number = _as_int64(value)
            if number is not None:
                numbers[count], rows[count] = number, row
                count += 1
            elif value is not None:
                self._others.setdefault(value, row)
        order = np.argsort(numbers[:count], kind='stable')
        self._numbers = numbers[:count][order]
        self._rows = rows[:count][order]

    def row(self, key: Any) -> int:
        """Look up one id.

        Args:
            key (Any): Any JSON value.

        Returns:
            int: Its row, -1 if unknown.
        """
        number = key if type(key) is int else _as_int64(key)
        if number is not None:
            place = bisect_left(self._sorted, number)
            if place < len(self._sorted) and self._sorted[place] == number:
                return int(self._rows[place])
        if self._others and isinstance(key, (int, float, str)):
            return self._others.get(key, -1)
        return -1

    def rows(self, keys: Sequence[Any]) -> np.ndarray:
        """Look up ids.

        Args:
            keys (Sequence[Any]): Any JSON values.

        Returns:
            np.ndarray: Their rows, shape (len(keys),), int64; -1 if unknown.
        """
        if isinstance(keys, IdColumn) and keys.integers is not None:
            return self._bisect(keys.integers)
        if set(map(type, keys)) <= {int}:
            try:
                return self._bisect(np.array(keys, dtype=np.int64))
            except OverflowError:
                pass
        return np.fromiter(map(self.row, keys), np.int64, len(keys))

    def _bisect(self, keys: np.ndarray) -> np.ndarray:
        if not len(self._numbers):
            return np.full(len(keys), -1, dtype=np.int64)
        places = np.searchsorted(self._numbers, keys)
        np.minimum(places, len(self._numbers) - 1, out=places)
        return np.where(self._numbers[places] == keys, self._rows[places], -1)


def _as_int64(value: Any) -> int | None:
    """The integer of 64 bits that a number equals, None if there is none."""
    if isinstance(value, float):
        if not value.is_integer():
            return None
        value = int(value)
    if isinstance(value, int) and _LOWEST <= value <= _HIGHEST:
        return int(value)
    return None
