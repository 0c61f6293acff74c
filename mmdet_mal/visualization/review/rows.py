"""The masks of a page in columns."""

import math
from typing import Any

import numpy as np

from mmdet_mal.evaluation.mask_iou import SIZE_RANGES

from .annotation import read_area, read_mal, read_score
from .view_window import Window, finite_box, size_class

# Half-open ranges of the box area in px².
SIZE_BORDERS = (SIZE_RANGES['medium'][0], SIZE_RANGES['large'][0])


class ReviewRows:
    """What the page has to know of each mask at once; lists, an item a row.

    Args:
        class_names: of the categories; one more stands for unknown ones.

    Attributes:
        ids (list[str]): Annotation ids.
        images (list[int]): Position of the image in the file, -1 for none.
        classes (list[int]): Position in ``class_names``; the last for unknown.
        boxes (list[list[float]]): xywh in image px, zeros if faulty.
        sizes (list[int]): 0, 1, 2 for small, medium, large by box area.
        windows (list[Window | None]): What is shown of the image.
        scores (list[float | None]): In [0, 1] by custom.
        areas (list[int]): Of the mask, px².
        fallbacks (list[int]): Position in ``fallback_names``, -1 for a mask
            that the labeller made.
        class_names (list[str]), fallback_names (list[str]): As in the file.
    """

    def __init__(self, class_names: list[str]) -> None:
        self.ids: list[str] = []
        self.images: list[int] = []
        self.classes: list[int] = []
        self.boxes: list[list[float]] = []
        self.sizes: list[int] = []
        self.windows: list[Window | None] = []
        self.scores: list[float | None] = []
        self.areas: list[int] = []
        self.fallbacks: list[int] = []
        self.class_names = [*class_names, 'unknown class']
        self._fallback_rows: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def fallback_names(self) -> list[str]:
        """Why masks are no masks of the labeller."""
        return list(self._fallback_rows)

    def add(self, ann_id: str, entry: dict[str, Any], image: int,
            class_row: int | None, window: Window | None) -> int:
        """Add an annotation.

        Args:
            ann_id: its id.
            entry: the annotation.
            image: position of its image, -1 for none.
            class_row: position of its class, None for an unknown one.
            window: what is shown of it.

        Returns:
            Its row.
        """
        box = finite_box(entry.get('bbox')) or (0., 0., 0., 0.)
        fallback = read_mal(entry).get('fallback')
        known = self._fallback_rows
        self.ids.append(ann_id)
        self.images.append(image)
        self.classes.append(
            len(self.class_names) - 1 if class_row is None else class_row)
        self.boxes.append([round(value, 2) for value in box])
        self.sizes.append(size_class(box[2] * box[3], SIZE_BORDERS))
        self.windows.append(window)
        self.scores.append(read_score(entry))
        self.areas.append(read_area(entry))
        self.fallbacks.append(
            known.setdefault(str(fallback), len(known)) if fallback else -1)
        return len(self) - 1

    def worst_first(self) -> np.ndarray:
        """Rows by rising score; without a score last; equal in file order."""
        return np.argsort(score_keys(self.scores), kind='stable')

    def by_image(self) -> np.ndarray:
        """Rows in the order of their images; within one in file order."""
        return np.argsort(np.array(self.images, dtype=np.int64), kind='stable')


def score_keys(scores: list[float | None]) -> np.ndarray:
    """Scores to sort by, float64 (n,); infinite where there is none."""
    return np.array([math.inf if score is None else score for score in scores],
                    dtype=np.float64)
