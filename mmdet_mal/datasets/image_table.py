"""The images of an annotation file, in columns."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .id_column import IdColumn
from .text_column import TextColumn


class ImageTable:
    """The images of an annotation file.

    An image takes 24 bytes and the UTF-8 of its file name, 40 bytes with the
    names of COCO, if all ids are integers.

    Args:
        ids (Iterable[Any]): Image ids as in the file, None where there is no
            usable one.
        file_names (Iterable[str]): Relative to the image folder.
        heights (np.ndarray): Stated heights in pixels, int32, 0 if unknown.
        widths (np.ndarray): Stated widths in pixels, int32, 0 if unknown.

    Attributes:
        ids (Sequence[Any]): Their items are plain Python values.
        file_names (Sequence[str]), heights (np.ndarray), widths (np.ndarray):
            As above.
    """

    def __init__(self, ids: Iterable[Any], file_names: Iterable[str],
                 heights: np.ndarray, widths: np.ndarray) -> None:
        self.ids: Sequence[Any] = IdColumn(ids)
        self.file_names: Sequence[str] = TextColumn(file_names)
        self.heights = heights
        self.widths = widths

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def nbytes(self) -> int:
        """Bytes of all columns."""
        return (self.ids.nbytes + self.file_names.nbytes + self.heights.nbytes
                + self.widths.nbytes)

    def shape(self, index: int) -> tuple[int, int]:
        """Stated height and width of image ``index`` as Python ints."""
        return int(self.heights[index]), int(self.widths[index])
