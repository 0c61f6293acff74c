"""Notes in a run folder that say which share is to do which chunks."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .errors import LabelRunError
from .files import create_once
from .share import Share

_FOLDER = 'shares'


@dataclass(frozen=True)
class NotedShare:
    """A share that was begun.

    Attributes:
        share: which.
        first: its first chunk.
        last: one past its last chunk.
    """

    share: Share
    first: int
    last: int

    def missing(self, done: np.ndarray) -> np.ndarray:
        """Return its chunks that are not among those given (ascending)."""
        return np.setdiff1d(np.arange(self.first, self.last), done,
                            assume_unique=True)


def note_share(run_dir: str, share: Share, chunk_sizes: np.ndarray) -> None:
    """Leave the note of a share that begins, if it is not there.

    Args:
        run_dir: the run's folder.
        share: which part begins.
        chunk_sizes: boxes of each chunk of the whole run, shape (chunks,).

    Raises:
        LabelRunError: if it cannot be written.
    """
    first, last = share.chunk_range(chunk_sizes)
    path = os.path.join(run_dir, _FOLDER, f'{share.file_stem}.json')
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        create_once(path, json.dumps(dict(first=first, last=last)) + '\n')
    except OSError as error:
        raise LabelRunError(f'{path}: cannot be written ({error.strerror}); '
                            'choose another run folder') from None


def read_shares(run_dirs: Sequence[str]) -> list[NotedShare]:
    """Read the notes of one or several folders of the same run.

    Returns:
        Each share once, in order of count and index.

    Raises:
        LabelRunError: if a note is broken.
    """
    found = {}
    for run_dir in run_dirs:
        for path in Path(run_dir, _FOLDER).glob('*of*.json'):
            try:
                note = json.loads(path.read_text(encoding='ascii'))
                share = Share.parse(path.stem)
                found[share] = NotedShare(share, int(note['first']),
                                          int(note['last']))
            except (OSError, ValueError, KeyError, TypeError,
                    LabelRunError) as error:
                raise LabelRunError(f'{path}: cannot be read ({error}); remove '
                                    'it and start its shard again') from None
    return [found[share]
            for share in sorted(found, key=lambda s: (s.count, s.index))]
