"""What the rules for overlapping masks do to masks that are there."""

from collections.abc import Mapping
from typing import Any

from mmdet_mal.datasets.annotation_reader import is_crowd
from mmdet_mal.evaluation.mask_iou import rle_iou
from mmdet_mal.formats.mask import read_mask
from mmdet_mal.labelling.image_sizes import image_size, image_sizes
from mmdet_mal.labelling.overlap_rules import KEEP, RULES
from mmdet_mal.labelling.overlaps import Claim, resolve_overlaps
from mmdet_mal.structures.rle import encode_window


def overlap_ious(human: Mapping, masks: Mapping[int, Mapping[str, Any]],
                 targets: Mapping[int, dict]) -> dict[str, dict[int, float]]:
    """IoUs of the masks that a rule changes.

    Args:
        human: COCO dictionary; its boxes and classes are used.
        masks: ``segmentation`` and ``score`` by annotation id.
        targets: human RLE by annotation id.

    Returns:
        By rule and annotation id; masks that stay as they are, are left out.
    """
    sizes = image_sizes(human['images'])
    by_image: dict[Any, list[dict]] = {}
    for ann in human['annotations']:
        if not is_crowd(ann):
            by_image.setdefault(ann['image_id'], []).append(ann)
    found: dict[str, dict[int, float]] = {rule: {} for rule in RULES if rule != KEEP}
    for annotations in by_image.values():
        size = image_size(annotations[0], sizes)
        claims = []
        for ann in annotations:
            mask = masks[ann['id']]
            pixels, x, y = read_mask(mask, size, f"annotation {ann['id']}").window()
            claims.append(Claim(pixels, (x, y), ann['bbox'],
                                ann.get('category_id'), mask['score']))
        for rule, ious in found.items():
            for index, pixels in resolve_overlaps(claims, *RULES[rule]).items():
                x, y = claims[index].offset
                h, w = pixels.shape
                rle = encode_window(pixels, (x, y, x + w, y + h), size)
                ann_id = annotations[index]['id']
                ious[ann_id] = rle_iou(rle, targets[ann_id])
    return found
