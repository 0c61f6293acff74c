"""Columnar tables of boxes and images.

COCO 2017 has 860,001 annotations.  As Python objects they take hundreds of
MiB in every worker; here a box takes 31 bytes of numpy arrays, the images
apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

Indices = int | Sequence[int]


@dataclass
class ImageTable:
    """The images of an annotation file.

    Attributes:
        ids (list): Image ids as in the file.
        file_names (list[str]): Relative to the image folder.
        heights (np.ndarray): Stated heights in pixels, int32, 0 if unknown.
        widths (np.ndarray): Stated widths in pixels, int32, 0 if unknown.
    """
    ids: list[Any]
    file_names: list[str]
    heights: np.ndarray
    widths: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def shape(self, index: int) -> tuple[int, int]:
        """Stated height and width of image ``index`` as Python ints."""
        return int(self.heights[index]), int(self.widths[index])


@dataclass
class BoxColumns:
    """Boxes in columns, row i of every column being box i: 31 bytes a box.

    Boxes are kept as xywh, since float32 then keeps an area such as 32 x 32
    exactly, which decides the size routing; x + w would round it away.

    Attributes:
        ann_ids (np.ndarray): Annotation ids, shape (n,), int64.
        image_index (np.ndarray): Row in the image table, shape (n,), int32.
        boxes_xywh (np.ndarray): Boxes clipped to their image, shape (n, 4),
            float32, x, y, width, height in image pixels.
        labels (np.ndarray): Index of the class in order of category id,
            shape (n,), int16.
        flags (np.ndarray): Sum of ``CROWD``, ``CLIPPED`` and ``FAULTY``,
            shape (n,), uint8.
        category_table (np.ndarray): Category id of each class, shape
            (classes,), int64.
    """
    CROWD = 1
    CLIPPED = 2
    FAULTY = 4

    ann_ids: np.ndarray
    image_index: np.ndarray
    boxes_xywh: np.ndarray
    labels: np.ndarray
    flags: np.ndarray
    category_table: np.ndarray

    def __len__(self) -> int:
        return len(self.ann_ids)

    @property
    def bboxes(self) -> np.ndarray:
        """Boxes, shape (n, 4), float32, xyxy in image pixels."""
        boxes = self.boxes_xywh.astype(np.float64)
        boxes[:, 2:] += boxes[:, :2]
        return boxes.astype(np.float32)

    @property
    def areas(self) -> np.ndarray:
        """Box areas, shape (n,), float64, in square image pixels."""
        sizes = self.boxes_xywh[:, 2:].astype(np.float64)
        return sizes[:, 0] * sizes[:, 1]

    @property
    def category_ids(self) -> np.ndarray:
        """Category ids, shape (n,), int64."""
        return self.category_table[self.labels]

    @property
    def iscrowd(self) -> np.ndarray:
        """Which boxes are crowd regions, shape (n,), bool."""
        return (self.flags & self.CROWD) > 0

    @property
    def faulty(self) -> np.ndarray:
        """Which boxes cannot be used at all, shape (n,), bool."""
        return (self.flags & self.FAULTY) > 0

    @property
    def nbytes(self) -> int:
        """Bytes of the columns that grow with the number of boxes."""
        return sum(
            getattr(self, f.name).nbytes for f in fields(self)
            if f.name != 'category_table')

    def take(self, index: np.ndarray) -> 'BoxColumns':
        """Some of the boxes.

        Args:
            index (np.ndarray): Positions or a mask, as numpy indexes.

        Returns:
            BoxColumns: A copy of these rows, in the order of ``index``.
        """
        columns = {
            f.name: getattr(self, f.name)[index]
            for f in fields(self) if f.name != 'category_table'
        }
        return BoxColumns(category_table=self.category_table, **columns)


def subset_positions(indices: Indices, count: int,
                     excess: str) -> np.ndarray:
    """Positions that mmengine's ``indices`` of a data set mean.

    Args:
        indices (int | Sequence[int]): The first (or, when negative, last) so
            many, or positions, of which negative ones count from the end.
        count (int): Number of samples.
        excess (str): What an int larger than ``count`` does: 'raise', or
            'all' to take all.

    Returns:
        np.ndarray: Positions, shape (m,), int64.

    Raises:
        IndexError: If a position does not exist.
    """
    if isinstance(indices, (int, np.integer)):
        if abs(indices) > count and excess == 'raise':
            raise IndexError(
                f'a subset of {indices} samples was asked for, there are '
                f'{count}')
        return np.arange(count)[:indices] if indices >= 0 else np.arange(
            count)[indices:]
    positions = np.asarray(indices, dtype=np.int64).reshape(-1)
    if len(positions) and not (-count <= positions.min()
                               and positions.max() < count):
        raise IndexError(
            f'indices must lie between {-count} and {count - 1}, found '
            f'{positions.min()} to {positions.max()}; there are {count} '
            'samples after filtering')
    return positions % max(count, 1)
