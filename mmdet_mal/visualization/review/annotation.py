"""What a page takes from an annotation, which may be faulty in any way."""

from typing import Any

from mmdet_mal.datasets.id_column import is_int
from mmdet_mal.structures.rle import RLE, segmentation_to_rle
from mmdet_mal.utils.json_values import finite_number

from .view_window import Window, mask_window, view_counts, view_window

# Pixels; pycocotools walks along a polygon's edges pixel by pixel.
_FAR = 1e6
# Letters of a value of ``mal`` that is shown.
_SHOWN_LETTERS = 200


def read_mask(
    entry: dict, shape: tuple[int, int] | None, window: Window | None = None
) -> tuple[RLE | None, Window | None, str | None, int]:
    """The mask of an annotation, and its view.

    Args:
        entry: the annotation.
        shape: (height, width) of its image, None if unknown.
        window: what is shown; by default that of the annotation's box.

    Returns:
        RLE, window, run lengths of the view, and mask pixels outside it; None
        (and 0) for what is not there or does not fit.
    """
    if shape is None:
        return None, window, None, 0
    segmentation = entry.get('segmentation')
    window = window or view_window(entry.get('bbox'), shape)
    try:
        if not segmentation or (isinstance(segmentation, list)
                                and not _in_reach(segmentation)):
            return None, window, None, 0
        rle = segmentation_to_rle(segmentation, *shape)
        window = window or mask_window(rle)
        if window is None:  # an empty mask without a box
            return None, None, None, 0
        return rle, window, *view_counts(rle, window)
    except (ValueError, TypeError, OverflowError):
        return None, window, None, 0


def read_score(entry: dict) -> float | None:
    """The score of an annotation, None if it has no finite one."""
    score = finite_number(entry.get('score'))
    return None if score is None else round(score, 5)


def read_area(entry: dict) -> int:
    """The stated area of a mask in px², 0 if it is no number."""
    try:
        return int(entry['area'])
    except (KeyError, TypeError, ValueError, OverflowError):
        return 0


def read_mal(entry: dict) -> dict[str, Any]:
    """What a labeller says of the mask, empty if it says nothing."""
    mal = entry.get('mal')
    return mal if isinstance(mal, dict) else {}


def mal_details(mal: dict[str, Any]) -> list[list[str]]:
    """What a labeller says of a mask, as pairs of texts."""
    pairs = []
    for key, value in mal.items():
        if isinstance(value, float):
            value = f'{value:.5g}'
        pairs.append([str(key)[:_SHOWN_LETTERS], str(value)[:_SHOWN_LETTERS]])
    return pairs


def id_text(value: Any) -> str | None:
    """An id as decisions name it, None if it is no usable one."""
    if is_int(value):
        return str(value)
    return value if isinstance(value, str) and value else None


def _in_reach(polygons: list) -> bool:
    """Whether all coordinates are numbers that pycocotools can draw."""
    return all(abs(value) < _FAR for polygon in polygons for value in polygon)
