"""The picture grid of the demo: image, boxes, masks by MAL, drawn masks."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mmdet_mal.datasets.images import read_image
from mmdet_mal.structures.rle import rle_to_mask, segmentation_to_rle
from mmdet_mal.visualization import (draw_boxes, instance_colours,
                                     overlay_masks, picture_grid)

CAPTIONS = ('image', 'box', 'mask by MAL', 'drawn mask')
CELL_SIZE = (320, 320)


def result_grid(image_dir: str | Path, predicted: Mapping, drawn: Mapping,
                num_rows: int = 6) -> np.ndarray:
    """Show what became of the boxes of a few pictures.

    Args:
        image_dir (str | Path): folder of the pictures.
        predicted (Mapping): masks JSON of the labeller.
        drawn (Mapping): the JSON with the true masks, same annotation ids.
        num_rows (int): pictures to show, spread evenly over ``drawn``.

    Returns:
        np.ndarray: uint8 (H, W, 3), BGR; four columns as in ``CAPTIONS``.

    Raises:
        AnnotationError: a picture cannot be read.
        ValueError: no pictures.
    """
    images = drawn['images']
    chosen = np.linspace(0, len(images) - 1, min(num_rows, len(images)))
    rows = []
    for index in chosen.astype(int):
        entry = images[index]
        img = read_image(str(Path(image_dir) / entry['file_name']), 'the grid')
        true = _by_id(drawn, entry['id'])
        made = _by_id(predicted, entry['id'])
        # Small boxes last, or a large object's mask would hide them.
        order = sorted(true, key=lambda key: -true[key]['area'])
        colours = dict(zip(order, instance_colours(len(order)), strict=True))
        boxes = [xyxy(true[key]['bbox']) for key in order]
        rows.append([img, draw_boxes(img, boxes, list(colours.values()))])
        for anns in (made, true):
            shown = [key for key in order if key in anns]
            rows[-1].append(overlay_masks(
                img, [_mask(anns[key], img) for key in shown],
                [colours[key] for key in shown]))
    return picture_grid(rows, CAPTIONS, CELL_SIZE)


def xyxy(bbox: list) -> list:
    """A COCO box (x, y, w, h) as (x0, y0, x1, y1), px."""
    x, y, width, height = bbox
    return [x, y, x + width, y + height]


def _by_id(data: Mapping, image_id: int) -> dict[int, dict]:
    return {ann['id']: ann for ann in data['annotations']
            if ann['image_id'] == image_id}


def _mask(ann: dict, img: np.ndarray) -> np.ndarray:
    return rle_to_mask(
        segmentation_to_rle(ann['segmentation'], *img.shape[:2]))
