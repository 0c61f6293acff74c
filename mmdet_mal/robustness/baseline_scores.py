"""IoUs of the labellers that learn nothing."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mmdet_mal.datasets.annotation_reader import is_crowd
from mmdet_mal.datasets.image_source import image_source, join_image_path
from mmdet_mal.datasets.images import read_image
from mmdet_mal.evaluation.baselines import BASELINES
from mmdet_mal.evaluation.mask_iou import rle_iou
from mmdet_mal.structures.rle import encode_window
from mmdet_mal.utils.choices import SEEING_BASELINES
from mmdet_mal.variants.score_file import ScoreFile


def score_baseline(name: str, data: Mapping[str, Any], images: str,
                   targets: Mapping[int, dict], out: ScoreFile,
                   tick: Callable[[int], None] = lambda boxes: None) -> None:
    """Label what ``out`` does not hold yet, image by image.

    Args:
        name: key of ``BASELINES``.
        data: COCO dictionary with the boxes.
        images: where the images are; not read by labellers that are blind.
        targets: human RLE by annotation id.
        out: gets the IoUs.
        tick: told the number of boxes after each image.
    """
    place, backend_args = image_source(images)
    by_image: dict[Any, list[dict]] = {}
    for ann in data['annotations']:
        if not is_crowd(ann):
            by_image.setdefault(ann['image_id'], []).append(ann)
    for number, image in enumerate(data['images']):
        annotations = by_image.get(image['id'], [])
        if number not in out.done:
            size = (image['height'], image['width'])
            pixels = read_image(
                join_image_path(place, image['file_name']),
                f"image {image['id']}", backend_args=backend_args
                ) if name in SEEING_BASELINES and annotations else None
            ious = {}
            for ann in annotations:
                x, y, w, h = (float(v) for v in ann['bbox'])
                mask, window = BASELINES[name](
                    pixels, np.array([x, y, x + w, y + h]), size)
                ious[ann['id']] = {name: rle_iou(
                    encode_window(mask, window, size), targets[ann['id']])}
            out.add(number, ious)
        tick(len(annotations))
