"""Which part of a label run an independent machine does (``--shard i/n``)."""

import re
from dataclasses import dataclass

import numpy as np

from mmdet_mal.datasets.samplers.chunk_sampler import split_chunks

from .errors import LabelRunError

_SHARE = re.compile(r'(\d{1,6})(?:/|of)(\d{1,6})')


@dataclass(frozen=True)
class Share:
    """Part ``index`` of ``count``, counted from 0.

    All chunks are split, whether they are done or not, so that machines which
    never speak to each other agree on who does what, also when one of them
    starts again.

    Attributes:
        index: which part, 0 to count - 1.
        count: number of parts, at least 1.
    """

    index: int
    count: int

    def __post_init__(self) -> None:
        if not 0 <= self.index < self.count:
            raise LabelRunError(
                f'shard {self.index}/{self.count}: shards are counted from 0, '
                f'so the first of {self.count} is 0/{self.count} and the last is '
                f'{max(self.count - 1, 0)}/{self.count}')

    @classmethod
    def parse(cls, text: str) -> 'Share':
        """Read ``'i/n'`` (or ``'iofn'``, as file names have it).

        Raises:
            LabelRunError: if it is something else.
        """
        match = _SHARE.fullmatch(text.strip())
        if match is None:
            raise LabelRunError(
                f'shard {text!r}: expected i/n, such as 0/4 for the first of '
                'four')
        return cls(int(match.group(1)), int(match.group(2)))

    def __str__(self) -> str:
        return f'{self.index}/{self.count}'

    @property
    def file_stem(self) -> str:
        """The share as part of a file name."""
        return f'{self.index}of{self.count}'

    def chunk_range(self, sizes: np.ndarray) -> tuple[int, int]:
        """Return the first chunk and one past the last of this part.

        Args:
            sizes: boxes of each chunk of the whole run, shape (chunks,).
        """
        return split_chunks(sizes, self.count)[self.index]
