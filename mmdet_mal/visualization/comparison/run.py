"""From label files to pages that show them side by side."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from mmdet_mal.datasets.annotation_file import AnnotationFile
from mmdet_mal.datasets.annotation_reader import is_crowd
from mmdet_mal.utils.errors import UserError
from mmdet_mal.visualization.mask_columns import MaskColumns, read_columns, read_rows

from .contact_sheet import contact_pages
from .views import BOX, HUMAN, comparison_views

ORDERS = ('spread', 'worst', 'best', 'file')


def compare_pages(masks: str, images: str, *, human: str | None = None,
                  name: str = 'MAL', more: Sequence[str] = (),
                  order: str = 'spread', number: int = 36,
                  min_area: float = 0.) -> list[Image.Image]:
    """Choose boxes and draw them with the masks of all files.

    Args:
        masks (str): Masks JSON, which the boxes are taken from.
        images (str): Folder, archive or address of the images.
        human (str, optional): COCO JSON with human masks of the same boxes.
        name (str): Heading of the masks.
        more (Sequence[str]): ``NAME=MASKS.json`` of other labellers.
        order (str): ``'worst'`` and ``'best'`` by IoU, or by score without
            human masks; ``'spread'`` evenly over that order; ``'file'``.
        number (int): Of boxes, at least 1.
        min_area (float): Of a box, px².

    Returns:
        list[Image.Image]: Pages.

    Raises:
        UserError: an option is wrong, a file is missing, or no box is left.
    """
    if order not in ORDERS:
        raise UserError(f"--order {order}: expected one of {', '.join(ORDERS)}")
    if number < 1:
        raise UserError(f'--boxes {number}: expected at least 1')
    files = _files(masks, name, more)
    columns = read_columns(masks)
    values, what = columns.scores, 'score'
    if human is not None:
        values, what = _ious(masks, human, columns), 'IoU'
    chosen = choose_boxes(values, columns.box_areas, order, number, min_area)
    if not len(chosen):
        raise UserError(f'{masks}: no box of at least {min_area:g} px² with '
                        f'{"a human mask" if human else "a score"} to show')
    anns = read_rows(masks, columns.rows[chosen].tolist())
    entries, captions = [], []
    for place in chosen.tolist():
        ann = anns[int(columns.rows[place])]
        entries.append(dict(annotation_id=ann.get('id'),
                            file_name=ann['file_name']))
        value = values[place]
        value = '' if math.isnan(value) else f'{what} {value:.2f}, '
        captions.append(f'{value}{columns.class_name(columns.category_ids[place])}'
                        f", {ann['file_name']}, {ann.get('id')}")
    views = comparison_views(entries, files, human, images)
    headings = [BOX, *files, *([HUMAN] if human is not None else [])]
    return contact_pages(views, headings, captions)


def choose_boxes(values: np.ndarray, areas: np.ndarray, order: str,
                 number: int, min_area: float = 0.) -> np.ndarray:
    """Positions of the boxes to show.

    Args:
        values (np.ndarray): (n,), what boxes are ordered by; nan is left out
            unless the order is ``'file'``.
        areas (np.ndarray): (n,), px²; nan is left out.
        order (str): One of :data:`ORDERS`.
        number (int): At most so many.
        min_area (float): In px².

    Returns:
        np.ndarray: Positions; ``'worst'`` and ``'spread'`` ascending by value.
    """
    usable = areas >= min_area
    if order == 'file':
        return np.flatnonzero(usable)[:number]
    ranked = np.argsort(values, kind='stable')
    ranked = ranked[(usable & np.isfinite(values))[ranked]]
    if order == 'best':
        return ranked[::-1][:number]
    if order == 'spread' and len(ranked) > number:
        return ranked[np.linspace(0, len(ranked) - 1, number).round().astype(int)]
    return ranked[:number]


def _files(masks: str, name: str, more: Sequence[str]) -> dict[str, str]:
    """Label files by heading."""
    files = {name: masks}
    for item in more:
        other, found, path = item.partition('=')
        if not (other and found and path) or other in (*files, BOX, HUMAN):
            raise UserError(f'--more {item}: expected NAME=MASKS.json with a name '
                            'that no other picture has')
        files[other] = path
    return files


def _ious(masks: str, human: str, columns: MaskColumns) -> np.ndarray:
    """IoU with the human mask of each row of the columns, nan without one."""
    # Loads torch, which pages without human masks do not need.
    from mmdet_mal.evaluation.mask_iou import mask_ious
    found = mask_ious(masks, human)
    known: Mapping[Any, float] = dict(zip(
        found.ann_ids.tolist(), found.ious.tolist(), strict=True))
    ids = [ann.get('id') for ann in AnnotationFile(masks).entries('annotations')
           if not is_crowd(ann)]
    assert len(ids) == len(columns), 'both leave out crowds alone'
    return np.array([known.get(key, math.nan) for key in ids])
