"""Many short texts in two arrays."""

from collections.abc import Iterable, Sequence

import numpy as np


class TextColumn(Sequence):
    """Read-only texts, held as one block of UTF-8 and an offset each.

    A Python string takes 49 bytes beside its text, and reading one writes its
    reference count, so that forked workers soon have copies of them all; here
    a text takes 8 bytes beside its UTF-8.

    Args:
        texts (Iterable[str]): They are read once.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        block = bytearray()
        ends = np.zeros(1024, dtype=np.int64)
        count = 0
        for text in texts:
            # JSON can hold halves of surrogate pairs, UTF-8 cannot.
            block += text.encode('utf-8', 'surrogatepass')
            count += 1
            if count == len(ends):
                ends = np.concatenate([ends, np.zeros_like(ends)])
            ends[count] = len(block)
        self._ends = ends[:count + 1].copy()
        self._block = np.frombuffer(bytes(block), dtype=np.uint8)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, index: int) -> str:
        row = range(len(self))[index]
        block = self._block[self._ends[row]:self._ends[row + 1]]
        return block.tobytes().decode('utf-8', 'surrogatepass')

    @property
    def nbytes(self) -> int:
        """Bytes of all texts and offsets."""
        return self._block.nbytes + self._ends.nbytes
