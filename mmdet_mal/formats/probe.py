"""A look at a file or folder, to find out its format."""

import os
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from mmdet_mal.utils.errors import UserError

# Files that are looked at in a folder before we stop looking for a suffix.
_FILES_LOOKED_AT = 20_000
_HEAD_BYTES = 4096


class Probe:
    """What the recognisers of formats ask; each thing is read at most once.

    Args:
        path: A file or folder.

    Raises:
        UserError: If there is none.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        if not os.path.exists(path):
            raise UserError(f'{path}: no such file or folder (working directory '
                            f'{os.getcwd()}); correct the path')

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return os.path.isdir(self.path)

    @property
    def suffix(self) -> str:
        """Extension of a file in lower case, such as '.json'; '' for a folder."""
        return '' if self.is_folder else os.path.splitext(self.path)[1].lower()

    def has(self, name: str) -> bool:
        """Whether a folder holds a file or folder at a relative path."""
        return self.is_folder and os.path.exists(os.path.join(self.path, name))

    def first_file(self, suffix: str) -> str | None:
        """Path of the first file with a suffix, at any depth; None if none."""
        return self._first_files.get(suffix.lower())

    @cached_property
    def head(self) -> bytes:
        """First 4096 bytes of a file."""
        try:
            with open(self.path, 'rb') as file:
                return file.read(_HEAD_BYTES)
        except OSError as error:
            raise UserError(
                f'{self.path}: cannot be read: {error.strerror}') from None

    @cached_property
    def json_kind(self) -> str | None:
        """'object' or 'list' for a JSON file, None for anything else."""
        if self.is_folder or self.suffix == '.csv':
            return None
        start = self.head.removeprefix(b'\xef\xbb\xbf').lstrip()[:1]
        return {b'{': 'object', b'[': 'list'}.get(start)

    @cached_property
    def json_outline(self) -> dict[str, Any]:
        """Top-level keys of a JSON object; of a value that is a list its first
        entry (None if it is empty), of any other the value itself.

        The file is read once as a stream.  {} if it is no JSON object.
        """
        if self.json_kind != 'object':
            return {}
        from mmdet_mal.datasets.json_stream import JsonStream
        outline: dict[str, Any] = {}
        with self._reading(), open(self.path, 'rb') as file:
            stream = JsonStream(file)
            for key in stream.members():
                if stream.peek() == '[':
                    first = None
                    for number, entry in enumerate(stream.items()):
                        first = entry if number == 0 else first
                    outline[key] = first
                else:
                    outline[key] = stream.value()
        return outline

    @cached_property
    def json_first(self) -> Any:
        """First entry of a JSON list; None if it is empty or no list."""
        if self.json_kind != 'list':
            return None
        from mmdet_mal.datasets.json_stream import JsonStream
        with self._reading(), open(self.path, 'rb') as file:
            for entry in JsonStream(file).items():
                return entry
        return None

    @cached_property
    def _first_files(self) -> dict[str, str]:
        """Path of the first file by suffix."""
        found: dict[str, str] = {}
        for number, path in enumerate(walk_files(self.path)):
            if number >= _FILES_LOOKED_AT:
                break
            found.setdefault(os.path.splitext(path)[1].lower(), path)
        return found

    def _reading(self) -> Any:
        from mmdet_mal.datasets.annotations import reading
        return reading(self.path)


def walk_files(folder: str) -> Iterator[str]:
    """Files of a folder at any depth, sorted, without hidden ones.

    Args:
        folder: Of a file, nothing is yielded.

    Yields:
        Paths that begin with ``folder``.
    """
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith('.'))
        for name in sorted(names):
            if not name.startswith('.'):
                yield os.path.join(here, name)
