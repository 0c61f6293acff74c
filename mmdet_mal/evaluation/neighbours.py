"""How far a box is covered by a neighbour: where masks of objects compete."""

from collections.abc import Iterator, Mapping

import numpy as np
from pycocotools import mask as mask_utils

from .mask_iou import half_open_ranges, scored_annotations

# Half-open ranges of the share of a box that its closest neighbour covers.
OVERLAP_RANGES: dict[str, tuple[float, float]] = {
    'apart': (0., .05),
    'touched': (.05, .5),
    'covered': (.5, float('inf')),
}


def neighbour_cover(data: Mapping) -> dict[int, float]:
    """Share of each box that one other box of its image covers.

    Of several neighbours the one that covers most counts; crowd regions take
    no part.

    Args:
        data (Mapping): COCO dictionary, boxes xywh in px.

    Returns:
        dict[int, float]: by annotation id, in [0, 1].
    """
    by_image: dict[object, list[Mapping]] = {}
    for ann in scored_annotations(data):
        by_image.setdefault(ann['image_id'], []).append(ann)
    found: dict[int, float] = {}
    for anns in by_image.values():
        boxes = np.array([ann['bbox'] for ann in anns], np.float64)
        # With iscrowd = 1 the area of the first box alone is divided by.
        cover = np.asarray(mask_utils.iou(boxes, boxes, [1] * len(anns)))
        np.fill_diagonal(cover, 0)
        found.update(zip((ann['id'] for ann in anns),
                         cover.max(axis=1).tolist(), strict=True))
    return found


def overlap_ranges(covers: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Which boxes belong to each range.

    Args:
        covers (np.ndarray): (n,), as :func:`neighbour_cover` gives them.

    Returns:
        Iterator[tuple[str, np.ndarray]]: key of ``OVERLAP_RANGES`` and bool
        (n,).
    """
    return half_open_ranges(covers, OVERLAP_RANGES)
