"""Boxes that fit their masks."""

from typing import Any

from mmdet_mal.utils.errors import UserError

from .tally import Tally


def tighten_box(annotation: dict[str, Any], path: str,
                tally: Tally) -> dict[str, Any]:
    """An annotation whose box is that of its mask.

    Crowd regions, annotations without a mask and empty masks keep theirs.

    Args:
        annotation: With a segmentation of any COCO kind.
        path: Its file, for messages.
        tally: Gets the number of boxes that changed.

    Raises:
        UserError: If the segmentation is broken.
    """
    segmentation = annotation.get('segmentation')
    if not segmentation or annotation.get('iscrowd') == 1:
        return annotation
    where = f"{path}: annotation {annotation.get('id')}"
    try:
        left, top, right, bottom = _bounds(segmentation)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise UserError(f'{where}: segmentation cannot be read ({error}); give the '
                        'file that a label run wrote') from None
    if right <= left or bottom <= top:
        tally.add('masks are empty and keep their boxes', where)
        return annotation
    box = [float(left), float(top), float(right - left), float(bottom - top)]
    if annotation.get('bbox') != box:
        tally.add('boxes are moved to the borders of their masks', where)
    return {**annotation, 'bbox': box}


def _bounds(segmentation: Any) -> tuple[float, float, float, float]:
    """Left, top, right and bottom edge of a segmentation."""
    if isinstance(segmentation, dict):
        from pycocotools import mask as coco_mask

        from mmdet_mal.structures.rle import rle_counts, segmentation_to_rle
        rle = segmentation_to_rle(segmentation, *segmentation['size'])
        rle_counts(rle)  # pycocotools trusts what it is given
        x, y, width, height = coco_mask.toBbox(rle).tolist()
        return x, y, x + width, y + height
    xs = [x for polygon in segmentation for x in polygon[::2]]
    ys = [y for polygon in segmentation for y in polygon[1::2]]
    return min(xs), min(ys), max(xs), max(ys)
