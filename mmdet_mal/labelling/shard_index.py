"""Where each record lies in the shards, in a few bytes a box."""

import array
import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

_SHARD_NAME = re.compile(r'rank(\d+)(?:-(\d+)of(\d+))?\.jsonl')
_LINE_START = re.compile(r'\{"chunk":(\d+),"records":\[')
_LINE_END = ']}\n'
_decode = json.JSONDecoder().raw_decode


class ShardIndex:
    """Finds records by annotation id without holding them in memory.

    Keeps id, shard, offset and length of each record: 22 bytes a box.  A chunk
    that occurs more than once (a crash between the write and whoever counted
    on it) counts once: the first whole line in order of folder, rank and
    offset.  A torn last line and lines that are no JSON (blocks lost in a power cut)
    count as not written; files are never changed here.

    Attributes:
        chunks (np.ndarray): indices of the chunks that are there, ascending,
            int64.
        damaged (int): lines that were ignored because they are torn or broken.

    Args:
        run_dirs: the label run's folder, or several that together hold one
            run; their ``shards`` may be absent or empty.
    """

    def __init__(self, run_dirs: str | Sequence[str]) -> None:
        if isinstance(run_dirs, str):
            run_dirs = [run_dirs]
        self._paths = [path for run_dir in run_dirs
                       for path in shard_files(run_dir)]
        self._files: dict[int, int] = {}
        self.damaged = 0
        ids, offsets = array.array('q'), array.array('q')
        lengths, shards = array.array('I'), array.array('H')
        seen = set()
        for shard, path in enumerate(self._paths):
            for start, line in _lines(path):
                parsed = parse_line(line)
                if parsed is None:
                    self.damaged += 1
                    continue
                chunk, spans = parsed
                if chunk in seen:
                    continue
                seen.add(chunk)
                for ann_id, first, last in spans:
                    ids.append(ann_id)
                    offsets.append(start + first)
                    lengths.append(last - first)
                    shards.append(shard)
        self.chunks = np.fromiter(seen, np.int64, len(seen))
        self.chunks.sort()
        del seen
        # One column after the other, so that no two copies of all exist at once.
        order = np.argsort(np.frombuffer(ids, np.int64), kind='stable')
        self._ids = np.frombuffer(ids, np.int64)[order]
        del ids
        self._offsets = np.frombuffer(offsets, np.int64)[order]
        del offsets
        self._lengths = np.frombuffer(lengths, np.uintc)[order]
        del lengths
        self._shards = np.frombuffer(shards, np.ushort)[order]

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def nbytes(self) -> int:
        """Bytes of the columns that grow with the number of boxes."""
        return (self._ids.nbytes + self._offsets.nbytes + self._lengths.nbytes
                + self._shards.nbytes)

    def get(self, ann_id: Any) -> dict[str, Any] | None:
        """Read the record of an annotation from disk.

        Args:
            ann_id: annotation id; anything but an integer has no record.

        Returns:
            The record, or None if there is none.
        """
        if type(ann_id) is not int or not -2**63 <= ann_id < 2**63:
            return None
        row = int(self._ids.searchsorted(ann_id))
        if row == len(self._ids) or self._ids[row] != ann_id:
            return None
        shard = int(self._shards[row])
        if shard not in self._files:
            self._files[shard] = os.open(self._paths[shard], os.O_RDONLY)
        text = os.pread(self._files[shard], int(self._lengths[row]),
                        int(self._offsets[row]))
        try:
            return msgspec.json.decode(text)
        except msgspec.DecodeError:  # half a surrogate pair, which Python takes
            return json.loads(text)

    def missing(self, num_chunks: int) -> np.ndarray:
        """Return the chunks of 0 .. num_chunks - 1 that are not there."""
        return np.setdiff1d(np.arange(num_chunks, dtype=np.int64), self.chunks,
                            assume_unique=True)

    def close(self) -> None:
        """Close the shards; may be called twice."""
        for descriptor in self._files.values():
            os.close(descriptor)
        self._files = {}

    def __enter__(self) -> 'ShardIndex':
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def parse_line(line: bytes) -> tuple[int, list[tuple[int, int, int]]] | None:
    """Check a shard's line and find its records.

    Args:
        line: with its newline, as :class:`.shards.ShardWriter` writes it.

    Returns:
        The chunk's index and (annotation id, first byte, last byte + 1) of
        each record within the line; None if the line is torn or broken.
    """
    try:
        text = line.decode('ascii')
        start = _LINE_START.match(text)
        if start is None or not text.endswith(_LINE_END):
            return None
        position, end = start.end(), len(text) - len(_LINE_END)
        spans = []
        while position < end:
            record, last = _decode(text, position)
            spans.append((int(record['id']), position, last))
            if last != end and text[last] != ',':
                return None
            position = last + 1
        if position not in (end, end + 1):
            return None
        return int(start.group(1)), spans
    except (ValueError, KeyError, TypeError, IndexError):
        return None


def _lines(path: str) -> Iterator[tuple[int, bytes]]:
    """Yield (byte offset, line) of a file, line by line."""
    offset = 0
    with open(path, 'rb') as file:
        for line in file:
            yield offset, line
            offset += len(line)


def shard_files(run_dir: str) -> list[str]:
    """Return the shards of a run folder in order of their rank and share."""
    found = []
    for path in Path(run_dir, 'shards').glob('rank*.jsonl'):
        match = _SHARD_NAME.fullmatch(path.name)
        if match:
            found.append(([int(g or 0) for g in match.groups()], str(path)))
    return [path for _, path in sorted(found)]
