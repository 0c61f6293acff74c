"""A COCO detection file of any size, read entry by entry."""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeVar

from .annotations import (OUTLINE, check_outline, check_segmentation_option,
                          describe_entries, drop_segmentation, reading)
from .coco_records import Record, list_decoder
from .json_stream import JsonStream

_R = TypeVar('_R', bound=Record)


@dataclass(frozen=True)
class _TopLevel:
    """Where a top-level value lies and what it is.

    Attributes:
        offset (int): Its first byte in the file.
        kind (str): Name of its Python type.
        count (int): Number of entries if it is a list, else 0.
        odd_entry (tuple[int, str] | None): Position and type of the first
            entry of a list that is no object.
    """
    offset: int
    kind: str
    count: int = 0
    odd_entry: tuple[int, str] | None = None


class AnnotationFile:
    """Reads a COCO detection file as a stream, in constant memory.

    The first use reads the file once from end to end: it finds everything
    that :func:`.annotations.load_annotation_file` would refuse, counts the
    entries and remembers where each top-level value begins.  From then on
    every call opens the file anew and reads only the value it is asked for;
    several iterators may be in use at once.  What is read equals what
    ``json.load`` would give, the last of two equal top-level keys included.

    Args:
        path (str): Path of the JSON file.
        segmentation (str): 'drop' removes every ``segmentation`` while the
            file is parsed, so that human masks reach no code that trains or
            labels; 'keep' leaves them.  Defaults to 'keep'.

    Raises:
        AnnotationError: By every method, in one line, if the file is absent,
            unreadable, not JSON or has not the outline of a COCO file.
    """

    def __init__(self, path: str, segmentation: str = 'keep') -> None:
        check_segmentation_option(segmentation)
        self.path = path
        self._hook = drop_segmentation if segmentation == 'drop' else None
        self._top_level: dict[str, _TopLevel] | None = None

    def keys(self) -> list[str]:
        """Top-level keys in the order of the file."""
        return list(self._scan())

    def is_list(self, key: str) -> bool:
        """Whether the value of a top-level key is a list."""
        return self._scan()[key].kind == 'list'

    def count(self, key: str) -> int:
        """Number of entries of a top-level list, known without reading it."""
        return self._scan()[key].count

    def entries(self, key: str) -> Iterator[Any]:
        """Read a top-level list entry by entry.

        Args:
            key (str): Such as 'images', 'annotations' or 'categories', whose
                entries are dicts.

        Yields:
            dict: One entry; of foreign lists, any JSON value.

        Raises:
            KeyError: If there is no such top-level key.
            TypeError: If its value is no list.
        """
        with self._open(self._offset_of_list(key)) as stream:
            yield from stream.items()

    def records(self, key: str, kind: type[_R]) -> Iterator[_R]:
        """Read some members of the entries of a top-level list, much faster.

        Args:
            key (str): 'images' or 'annotations', whose entries are dicts.
            kind (type[Record]): Names the members.

        Returns:
            Iterator[Record]: What :meth:`entries` yields, other members left
            out.

        Raises:
            KeyError, TypeError: As :meth:`entries`.
        """
        return chain.from_iterable(self._record_blocks(key, kind))

    def value(self, key: str) -> Any:
        """Read the value of a top-level key whole.

        Raises:
            KeyError: If there is no such top-level key.
        """
        with self._open(self._scan()[key].offset) as stream:
            return stream.value()

    def rest(self) -> dict[str, Any]:
        """All other top-level keys than the three lists of a COCO file, with
        their values, in the order of the file."""
        return {key: self.value(key) for key in self.keys()
                if key not in OUTLINE}

    def _record_blocks(self, key: str,
                       kind: type[_R]) -> Iterator[Iterable[_R]]:
        """Read records, many at a time."""
        with self._open(self._offset_of_list(key)) as stream:
            for block in stream.blocks(list_decoder(kind)):
                yield (block if type(block[0]) is kind else map(kind.of, block))

    def _offset_of_list(self, key: str) -> int:
        """First byte of the value of a top-level key, which must be a list."""
        if not self.is_list(key):
            raise TypeError(f"{self.path}: '{key}' is a "
                            f'{self._scan()[key].kind}, not a list')
        return self._scan()[key].offset

    @contextlib.contextmanager
    def _open(self, offset: int = 0) -> Iterator[JsonStream]:
        """Open the file at a byte; errors say which file and why."""
        with reading(self.path), open(self.path, 'rb') as file:
            file.seek(offset)
            yield JsonStream(file, self._hook)

    def _scan(self) -> dict[str, _TopLevel]:
        """Read the whole file once; its top level."""
        if self._top_level is None:
            top_level: dict[str, _TopLevel] = {}
            with self._open() as stream:
                first = stream.peek()
                kind = 'list' if first == '[' else 'dict'
                if first not in ('{', '['):
                    kind = type(stream.value()).__name__
                if first == '{':
                    _scan_object(stream, top_level)
                    stream.end()
            check_outline(self.path, kind, {
                key: (value.kind, value.odd_entry)
                for key, value in top_level.items()})
            self._top_level = top_level
        return self._top_level


def _scan_object(stream: JsonStream, found: dict[str, _TopLevel]) -> None:
    """Read the top-level object; what it holds goes to ``found``."""
    for key in stream.members():
        first, offset = stream.peek(), stream.tell()
        # Of two equal keys the last one counts, in the place of the first.
        if first == '[':
            found[key] = _TopLevel(offset, 'list', *_describe_list(stream))
        else:
            found[key] = _TopLevel(offset, type(stream.value()).__name__)


def _describe_list(stream: JsonStream) -> tuple[int, tuple[int, str] | None]:
    """As :func:`.annotations.describe_entries`, of the list that is next."""
    count, odd_entry = 0, None
    for block in stream.blocks(list_decoder(Record)):
        if odd_entry is None and type(block[0]) is not Record:
            odd_entry = describe_entries(block)[1]
            if odd_entry is not None:
                odd_entry = (count + odd_entry[0], odd_entry[1])
        count += len(block)
    return count, odd_entry
