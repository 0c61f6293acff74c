"""What code asks of a COCO detection file, whether streamed or in memory."""

from collections.abc import Iterator
from typing import Any, Protocol, TypeVar

from .coco_records import Record

_R = TypeVar('_R', bound=Record)


class AnnotationSource(Protocol):
    """A COCO detection file that can be read several times, part by part.

    :class:`.annotation_file.AnnotationFile` says what the methods do.

    Attributes:
        path (str): The file, for messages.
    """

    path: str

    def keys(self) -> list[str]:
        """Top-level keys in the order of the file."""

    def is_list(self, key: str) -> bool:
        """Whether the value of a top-level key is a list."""

    def count(self, key: str) -> int:
        """Number of entries of a top-level list."""

    def entries(self, key: str) -> Iterator[Any]:
        """Entries of a top-level list."""

    def records(self, key: str, kind: type[_R]) -> Iterator[_R]:
        """Some members of the entries of a top-level list of dicts."""

    def value(self, key: str) -> Any:
        """The value of a top-level key, whole."""


class _ParsedFile:
    """A file that is in memory as a dict."""

    path = 'the annotations'

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data

    def keys(self) -> list[str]:
        return list(self._data)

    def is_list(self, key: str) -> bool:
        return isinstance(self._data[key], list)

    def count(self, key: str) -> int:
        return len(self._data[key]) if self.is_list(key) else 0

    def entries(self, key: str) -> Iterator[Any]:
        return iter(self._data[key])

    def records(self, key: str, kind: type[_R]) -> Iterator[_R]:
        return map(kind.of, self._data[key])

    def value(self, key: str) -> Any:
        return self._data[key]


def as_source(data: dict[str, Any] | AnnotationSource) -> AnnotationSource:
    """Give a parsed file the methods of a streamed one.

    Args:
        data (dict | AnnotationSource): What
            :func:`.annotations.load_annotation_file` returns, or a source
            already.

    Returns:
        AnnotationSource: The argument, wrapped if it is a dict.
    """
    return _ParsedFile(data) if isinstance(data, dict) else data
