"""One mask of an export."""

import dataclasses
from typing import Any

import numpy as np

from mmdet_mal.utils.errors import UserError

Annotation = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Mask:
    """One mask.

    Attributes:
        annotation: As it is exported.
        label: Name of its class.
        label_index: Position of its class in the file, from 0.
        rle: Compressed run lengths, ``{'size': [h, w], 'counts': str}``.
        runs: (n,) int64, the same unpacked: lengths of alternating runs, 0
            first, column by column.
    """

    annotation: Annotation
    label: str
    label_index: int
    rle: dict[str, Any]
    runs: np.ndarray

    @property
    def id(self) -> Any:
        """Id of the annotation."""
        return self.annotation.get('id')

    @property
    def score(self) -> float | None:
        """Quality score of the mask; None if it has none."""
        return self.annotation.get('score')

    def window(self) -> tuple[np.ndarray, int, int]:
        """Pixels of the mask, cut out.

        Returns:
            (h, w) bool, and x and y of its upper left pixel in the image; of
            shape (0, 0) if the mask is empty.
        """
        height = self.rle['size'][0]
        edges = np.cumsum(self.runs)
        starts, ends = edges[:-1:2], edges[1::2]  # of the runs of 1
        filled = ends > starts
        starts, ends = starts[filled], ends[filled]
        if not starts.size:
            return np.zeros((0, 0), bool), 0, 0
        left, right = int(starts[0]) // height, int(ends[-1] - 1) // height + 1
        # Column by column, as run lengths count.
        steps = np.zeros((right - left) * height + 1, np.int8)
        steps[starts - left * height] += 1
        steps[ends - left * height] -= 1
        columns = np.cumsum(steps[:-1], dtype=np.int8).reshape(right - left, height)
        rows = np.flatnonzero(columns.any(axis=0))
        top, bottom = int(rows[0]), int(rows[-1]) + 1
        return columns[:, top:bottom].T.astype(bool), left, top


def read_mask(annotation: Annotation, size: tuple[int, int], where: str,
              label: str = '', label_index: int = 0) -> Mask:
    """The mask of an annotation.

    Args:
        annotation: Has a segmentation of any COCO kind.
        size: Height and width of its image, px.
        where: File and record, for the message.
        label: Name of its class.
        label_index: Position of its class.

    Raises:
        UserError: If the segmentation is broken or of another size.
    """
    from mmdet_mal.structures.rle import rle_counts, segmentation_to_rle
    try:
        rle = segmentation_to_rle(annotation['segmentation'], *size)
        runs = rle_counts(rle)
    except (ValueError, TypeError) as error:
        raise UserError(f'{where}: {error}; give the file that a label run wrote'
                        ) from None
    return Mask(annotation, label, label_index, rle, runs)
