"""The lowest IoUs as pictures: where people look first."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mmdet_mal.datasets.image_source import image_source, join_image_path
from mmdet_mal.datasets.images import read_image
from mmdet_mal.structures.crop import clip_window, expand_bbox
from mmdet_mal.structures.rle import rle_to_mask, segmentation_to_rle
from mmdet_mal.visualization import draw_boxes, overlay_masks, picture_grid

CAPTIONS = ('box', 'mask', 'human mask')
CELL_SIZE = (220, 220)
# Half of the box's half-size around it, so that spilt masks are seen.
_MARGIN = .5
_COLOUR = ((60, 220, 60), )
# Letters that fit above a row of three cells.
_NOTE_LENGTH = 72


def worst_grid(worst: Sequence[Mapping[str, Any]], pred: Mapping,
               human: Mapping, images: str | Path,
               num_rows: int = 12) -> np.ndarray:
    """Show the worst masks beside the human ones.

    Args:
        worst (Sequence[Mapping]): the ``worst`` list of ``labeller_scores``.
        pred (Mapping): masks JSON of the labeller.
        human (Mapping): COCO JSON with human masks.
        images (str | Path): folder, archive or address of the images, see
            :func:`~mmdet_mal.datasets.image_source.image_source`.
        num_rows (int): masks to show, at least 1.

    Returns:
        np.ndarray: uint8 (H, W, 3), BGR; columns as in ``CAPTIONS``, and above
        each row what the list says of it.

    Raises:
        UserError: there is no such folder or archive.
        AnnotationError: an image cannot be read.
        ValueError: nothing to show.
    """
    image_dir, backend_args = image_source(str(images))
    ids = [entry['annotation_id'] for entry in worst[:num_rows]]
    made, true = (
        {ann['id']: ann for ann in data['annotations'] if ann.get('id') in ids}
        for data in (pred, human))
    rows = []
    for entry in worst[:num_rows]:
        ann_id = entry['annotation_id']
        img = read_image(join_image_path(image_dir, entry['file_name']),
                         f'annotation {ann_id}', backend_args=backend_args)
        x, y, width, height = true[ann_id]['bbox']
        bbox = np.array([x, y, x + width, y + height], dtype=float)
        left, top, right, bottom = clip_window(
            expand_bbox(bbox, [_MARGIN] * 4), img.shape[:2]).tolist()
        part = np.s_[top:bottom, left:right]
        row = [_draw_box(img[part], bbox - [left, top, left, top])]
        for anns in (made, true):
            row.append(_overlay(img, anns.get(ann_id), part))
        rows.append(row)
    return picture_grid(rows, CAPTIONS, CELL_SIZE,
                        [_note(entry) for entry in worst[:num_rows]])


def _draw_box(img: np.ndarray, bbox: np.ndarray) -> np.ndarray:
    """The box on its picture, which is reduced first: the line stays visible."""
    scale = min(1., CELL_SIZE[0] / img.shape[0], CELL_SIZE[1] / img.shape[1])
    if scale < 1:
        # A thin box keeps a pixel; OpenCV would round it to none and refuse.
        size = tuple(max(1, round(side * scale)) for side in img.shape[1::-1])
        img = cv2.resize(img, size, interpolation=cv2.INTER_AREA)
    return draw_boxes(np.ascontiguousarray(img), [bbox * scale], _COLOUR)


def _note(entry: Mapping[str, Any]) -> str:
    """What the worst list says of a mask, for the line above its pictures."""
    score = entry.get('score')
    parts = [f"IoU {entry['iou']:.3f}",
             *([] if score is None else [f'score {score:.3f}']),
             f"annotation {entry['annotation_id']}", str(entry['category']),
             str(entry['file_name'])]
    note = ', '.join(' '.join(part.split()) for part in parts)
    return note if len(note) <= _NOTE_LENGTH else f'{note[:_NOTE_LENGTH - 3]}...'


def _overlay(img: np.ndarray, ann: Mapping | None, part: Any) -> np.ndarray:
    """The part of the image with the annotation's mask, if it has one."""
    masks = []
    if ann is not None and ann.get('segmentation'):
        rle = segmentation_to_rle(ann['segmentation'], *img.shape[:2])
        masks = [rle_to_mask(rle)[part]]
    return overlay_masks(np.ascontiguousarray(img[part]), masks,
                         _COLOUR[:len(masks)])
