"""A data set whose boxes have been made worse on purpose."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from mmdet_mal.datasets.annotation_reader import is_crowd
from mmdet_mal.labelling.image_sizes import image_size, image_sizes
from mmdet_mal.structures.box_noise import shift_and_scale
from mmdet_mal.utils.errors import UserError

from .kinds import KINDS


def loosen_box(bbox: tuple[float, float, float, float], level: float, kind: str,
               seed: int, ann_id: int,
               image_shape: tuple[int, int] | None = None) -> np.ndarray:
    """Shift and scale one box.

    The direction of the shift and whether the box grows or shrinks belong to
    (seed, annotation): they are the same at every level and do not depend on
    the other boxes.  A shift is an arrow of length s, in widths and heights.

    Args:
        bbox: (x0, y0, x1, y1) in px.
        level: s, in [0, 1).
        kind: a key of :data:`KINDS`.
        seed: of the draws, at least 0.
        ann_id: of the box.
        image_shape: (height, width); the box stays within it.

    Returns:
        (4,) float64, xyxy.

    Raises:
        ValueError: for an unknown kind, or a box without area.
    """
    if kind not in KINDS:
        raise ValueError(f'kind is {kind!r}, expected one of {", ".join(KINDS)}')
    rng = np.random.default_rng([seed, abs(ann_id), int(ann_id < 0)])
    angle, grows = rng.uniform(0, 2 * math.pi), rng.random() < .5
    shift = (0., 0.)
    if kind in ('both', 'shift'):
        shift = (level * math.cos(angle), level * math.sin(angle))
    factor = dict(shift=1., grow=1 + level, shrink=1 - level,
                  both=1 + level if grows else 1 - level)[kind]
    return shift_and_scale(bbox, shift, (factor, factor), image_shape)


def loosen_boxes(data: Mapping[str, Any], level: float, kind: str = 'both',
                 seed: int = 0) -> dict[str, Any]:
    """A COCO dictionary with worse boxes and the same ids; masks are left out.

    Args:
        data: COCO dictionary; not changed.
        level: as for :func:`loosen_box`, like the following.
        kind: likewise.
        seed: likewise.

    Returns:
        Images, categories and annotations with ``bbox`` and the ``area`` of the
        box; crowd regions as they are.

    Raises:
        UserError: a box cannot be read.
    """
    sizes = image_sizes(data['images'])
    annotations = []
    for ann in data['annotations']:
        ann = {k: v for k, v in ann.items() if k != 'segmentation'}
        if not is_crowd(ann):
            try:
                x, y, w, h = (float(v) for v in ann['bbox'])
                box = loosen_box((x, y, x + w, y + h), level, kind, seed,
                                 ann['id'], image_size(ann, sizes))
            except (KeyError, TypeError, ValueError) as error:
                raise UserError(
                    f"annotation {ann.get('id')}: its box cannot be used "
                    f"({type(error).__name__}: {error}); 'mal doctor' mends such "
                    'files') from None
            if level > 0:
                ann['bbox'] = [float(box[0]), float(box[1]),
                               float(box[2] - box[0]), float(box[3] - box[1])]
            # The area of a human mask says something about that mask.
            ann['area'] = ann['bbox'][2] * ann['bbox'][3]
        annotations.append(ann)
    return dict(images=data['images'], annotations=annotations,
                categories=data.get('categories', []))


def mean_box_iou(data: Mapping[str, Any], loose: Mapping[str, Any]) -> float:
    """Mean IoU of boxes with what :func:`loosen_boxes` made of them."""
    from pycocotools import mask as coco_mask
    pairs = [(a['bbox'], b['bbox']) for a, b in
             zip(data['annotations'], loose['annotations'], strict=True)
             if not is_crowd(a)]
    if not pairs:
        return math.nan
    return float(np.mean([coco_mask.iou(
        np.array([one], np.float64), np.array([other], np.float64), [0])[0, 0]
        for one, other in pairs]))
