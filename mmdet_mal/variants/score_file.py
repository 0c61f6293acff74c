"""IoUs of many labellers on the same boxes, written chunk by chunk."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mmdet_mal.utils.errors import UserError


class ScoreFile:
    """Lines of JSON, one a chunk; what is there need not be done again.

    A line that a killed run left unfinished is cut off.

    Args:
        path (str | Path): the file; its folder is made.

    Raises:
        UserError: a line cannot be read.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._done: set[int] = set()
        if self.path.exists():
            self._cut_torn_line()
            self._done = {line['chunk'] for line in self.lines()}

    @property
    def done(self) -> frozenset[int]:
        """Chunks that are there."""
        return frozenset(self._done)

    def add(self, chunk: int, ious: Mapping[int, Mapping[str, float]],
            **more: Any) -> None:
        """Append a chunk.

        Args:
            chunk (int): its number.
            ious (Mapping): IoU by annotation id and labeller.
            **more: further JSON values of the chunk.
        """
        line = json.dumps(dict(chunk=chunk, ious=ious, **more)) + '\n'
        with open(self.path, 'a', encoding='utf-8') as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        self._done.add(chunk)

    def lines(self) -> Iterator[dict]:
        """What was added, in order."""
        with open(self.path, encoding='utf-8') as file:
            for number, line in enumerate(file, 1):
                try:
                    content = json.loads(line)
                    content['chunk']
                except (ValueError, KeyError, TypeError):
                    raise UserError(
                        f'{self.path}: line {number} is not one of ours; remove '
                        'the file to have it made anew') from None
                yield content

    def ious(self) -> dict[int, dict[str, float]]:
        """IoU by annotation id and labeller, of all chunks."""
        found: dict[int, dict[str, float]] = {}
        if self.path.exists():
            for line in self.lines():
                found.update((int(key), value)
                             for key, value in line['ious'].items())
        return found

    def _cut_torn_line(self) -> None:
        with open(self.path, 'rb+') as file:
            content = file.read()
            whole = content.rfind(b'\n') + 1
            if whole < len(content):
                file.truncate(whole)
