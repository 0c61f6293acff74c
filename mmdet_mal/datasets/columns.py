"""Boxes in columns, and which of them a subset means.

COCO 2017 has 860,001 annotations.  As Python objects they take hundreds of
MiB in every worker; here a box takes 31 bytes of numpy arrays.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

Indices = int | Sequence[int]


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
        flags (np.ndarray): Sum of ``CROWD``, ``CLIPPED``, ``FAULTY`` and
            ``NO_ID``, and 16 times the place, from 1, of the box's first
            error in :data:`.fault.ANNOTATION_ERRORS`, shape (n,), uint8.
        category_table (np.ndarray): Category id of each class, shape
            (classes,), int64.
    """
    CROWD = 1
    CLIPPED = 2
    FAULTY = 4
    NO_ID = 8
    ERROR_SHIFT = 4

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
        return np.multiply(self.boxes_xywh[:, 2], self.boxes_xywh[:, 3],
                           dtype=np.float64)

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

    @classmethod
    def empty(cls, count: int, category_table: np.ndarray) -> 'BoxColumns':
        """Columns to be filled block by block.

        Args:
            count (int): Number of boxes.
            category_table (np.ndarray): Category id of each class.

        Returns:
            BoxColumns: Their values are arbitrary.
        """
        kind = np.int16 if len(category_table) < 2**15 else np.int32
        return cls(
            ann_ids=np.empty(count, np.int64),
            image_index=np.empty(count, np.int32),
            boxes_xywh=np.empty((count, 4), np.float32),
            labels=np.empty(count, kind),
            flags=np.empty(count, np.uint8),
            category_table=category_table)

    def put(self, first: int, block: Any) -> None:
        """Copy a block of boxes into the rows from ``first`` on.

        Args:
            first (int): Row of the block's first box.
            block (Any): Has the columns as attributes of the same names.
        """
        end = first + len(block.ann_ids)
        for f in fields(self):
            if f.name != 'category_table':
                getattr(self, f.name)[first:end] = getattr(block, f.name)

    def keep(self, index: np.ndarray) -> None:
        """Drop all other boxes, in place: one column is copied at a time.

        Args:
            index (np.ndarray): As in :meth:`take`.
        """
        if index.dtype == bool and index.all():
            return
        for f in fields(self):
            if f.name != 'category_table':
                setattr(self, f.name, getattr(self, f.name)[index])

    def reorder(self, order: np.ndarray) -> None:
        """Permute the boxes in place: one number a box is copied at a time.

        Args:
            order (np.ndarray): Positions of the boxes, shape (n,), each once.
        """
        for f in fields(self):
            if f.name != 'category_table':
                column = getattr(self, f.name)
                for part in column.T if column.ndim == 2 else (column, ):
                    part[:] = part[order]

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
