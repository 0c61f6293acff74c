"""Masks that another tool made, on our boxes."""

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask
from scipy.optimize import linear_sum_assignment

from mmdet_mal.datasets.annotation_reader import is_crowd
from mmdet_mal.datasets.annotations import load_annotation_file
from mmdet_mal.labelling.image_sizes import image_size, image_sizes
from mmdet_mal.labelling.manifest import hash_file
from mmdet_mal.labelling.merge import write_labels
from mmdet_mal.labelling.progress import show_progress
from mmdet_mal.labelling.records import make_failure, make_record
from mmdet_mal.labelling.summary import LabelSummary
from mmdet_mal.structures.rle import rle_area, segmentation_to_rle
from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.json_values import finite_number
from mmdet_mal.visualization.review.view_window import finite_box

MIN_IOU = .5
NOT_MATCHED = 'no_imported_mask'


@dataclass
class ImportSummary:
    """What became of the boxes and of the masks.

    Attributes:
        labels: what was written.
        matched: number of boxes by how they were matched, ``'id'`` or
            ``'box'``.
        unmatched: ids of boxes without a mask; their box is filled.
        left_over: number of imported masks that no box took.
    """

    labels: LabelSummary
    matched: Counter = field(default_factory=Counter)
    unmatched: list[int] = field(default_factory=list)
    left_over: int = 0


def import_masks(ann_file: str | Path, masks_file: str | Path,
                 out_file: str | Path, min_iou: float = MIN_IOU) -> ImportSummary:
    """Put another tool's masks on the boxes of a COCO JSON.

    Images are matched by ``file_name``.  A mask of the same annotation id is
    taken if its box overlaps enough; the remaining ones of an image are
    assigned to the remaining boxes so that the sum of box IoUs is largest.

    Args:
        ann_file: COCO JSON with our boxes; masks in it are not looked at.
        masks_file: COCO JSON of any tool; polygons or RLE.
        out_file: masks JSON to write, in the form of a label run.
        min_iou: least IoU of two boxes that are taken for one; in (0, 1].

    Raises:
        UserError: unreadable files, no image or box in common, a mask that
            does not fit its image; names file and id.
    """
    if not 0 < min_iou <= 1:
        raise UserError(f'--min-iou {min_iou}: expected more than 0, at most 1')
    data = load_annotation_file(str(ann_file), segmentation='drop')
    foreign = load_annotation_file(str(masks_file))
    masks_by_image = _masks_by_file_name(foreign, str(masks_file))
    sizes = image_sizes(data['images'])
    names = {image.get('id'): image.get('file_name') for image in data['images']}
    boxes_by_image: dict[Any, list[dict]] = {}
    for ann in data['annotations']:
        if (not is_crowd(ann) and type(ann.get('id')) is int
                and image_size(ann, sizes) and finite_box(ann.get('bbox'))):
            boxes_by_image.setdefault(ann['image_id'], []).append(ann)
    if not any(names.get(key) in masks_by_image for key in boxes_by_image):
        raise UserError(
            f'{masks_file}: none of its masks is of an image of {ann_file} '
            '(matched by file_name); give masks of the same photographs')
    summary = ImportSummary(LabelSummary(str(out_file)))
    records: dict[int, dict] = {}
    for image_id, anns in show_progress(boxes_by_image.items(),
                                        len(boxes_by_image), 'import',
                                        'images'):
        masks = masks_by_image.pop(names.get(image_id), [])
        pairs = _match(anns, masks, min_iou)
        for ann in anns:
            if ann['id'] not in pairs:
                summary.unmatched.append(ann['id'])
                records[ann['id']] = make_failure(ann['id'], NOT_MATCHED)
                continue
            mask, how, iou = pairs[ann['id']]
            summary.matched[how] += 1
            records[ann['id']] = _record(ann, mask, how, iou, sizes[image_id],
                                         str(masks_file))
        summary.left_over += len(masks) - len(
            [ann for ann in anns if ann['id'] in pairs])
    summary.left_over += sum(map(len, masks_by_image.values()))
    if not summary.matched:
        raise UserError(
            f'{masks_file}: none of its boxes overlaps one of {ann_file} by an '
            f'IoU of {min_iou}; are they of the same objects, in pixels of the '
            'same image size?')
    summary.labels = write_labels(data, records.get, str(out_file), dict(
        imported=os.path.basename(str(masks_file)),
        imported_sha256=hash_file(str(masks_file)),
        input_sha256=hash_file(str(ann_file)), min_iou=min_iou))
    return summary


def _masks_by_file_name(foreign: dict, path: str) -> dict[str, list[dict]]:
    """Annotations with masks by file name; each gets its box."""
    names = {image.get('id'): image.get('file_name')
             for image in foreign['images']}
    sizes = image_sizes(foreign['images'])
    found: dict[str, list[dict]] = {}
    for ann in foreign['annotations']:
        if is_crowd(ann) or not ann.get('segmentation'):
            continue
        size = image_size(ann, sizes)
        if size is None:
            continue
        try:
            rle = segmentation_to_rle(ann['segmentation'], *size)
        except (ValueError, TypeError, OverflowError) as error:
            raise UserError(
                f"{path}: annotation {ann.get('id')}: {error}") from None
        if not rle_area(rle):
            continue
        # A detector's box may be looser than its mask; a missing one is none.
        box = finite_box(ann.get('bbox')) or tuple(coco_mask.toBbox(rle))
        found.setdefault(names[ann['image_id']], []).append(
            dict(id=ann.get('id'), rle=rle, box=box, score=ann.get('score')))
    return found


def _match(anns: list[dict], masks: list[dict],
           min_iou: float) -> dict[int, tuple[dict, str, float]]:
    """Mask, way and box IoU of each box that gets one, by annotation id."""
    if not masks:
        return {}
    ious = coco_mask.iou(
        np.array([mask['box'] for mask in masks], np.float64),
        np.array([ann['bbox'] for ann in anns], np.float64),
        [0] * len(anns)).T
    found = {}
    by_id = {mask['id']: column for column, mask in enumerate(masks)}
    free = ious.copy()
    for row, ann in enumerate(anns):
        column = by_id.get(ann['id'])
        if column is not None and ious[row, column] >= min_iou:
            found[ann['id']] = masks[column], 'id', float(ious[row, column])
            free[row], free[:, column] = 0, 0
    # Pairs below the limit weigh nothing, so that they displace no other.
    free[free < min_iou] = 0
    for row, column in zip(*linear_sum_assignment(free, maximize=True),
                           strict=True):
        if free[row, column] > 0:
            found[anns[row]['id']] = masks[column], 'box', float(free[row, column])
    return found


def _record(ann: Mapping, mask: Mapping, how: str, iou: float,
            size: tuple[int, int], path: str) -> dict:
    """The record of a box with its imported mask."""
    if tuple(mask['rle']['size']) != tuple(size):
        raise UserError(
            f"{path}: the mask of annotation {mask['id']} is of an image of "
            f"{mask['rle']['size']} (h, w), the boxes say {list(size)}")
    score = finite_number(mask['score'])
    known = score is not None and 0 <= score <= 1
    return make_record(ann['id'], mask['rle'], score if known else 1.,
                       dict(matched=how, matched_iou=iou))
