"""A masks JSON as columns: what a report counts, without the masks."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mmdet_mal.datasets.annotation_file import AnnotationFile
from mmdet_mal.datasets.annotation_reader import is_crowd
from mmdet_mal.labelling.progress import show_progress
from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.json_values import finite_number

_NO_SCORE = float('nan')


@dataclass
class MaskColumns:
    """The annotations of a masks JSON that a labeller made, crowds apart.

    Attributes:
        path (str): The file.
        rows (np.ndarray): int64 (n,), positions among all annotations.
        scores (np.ndarray): float64 (n,), nan where there is none.
        box_areas (np.ndarray): float64 (n,), px²; nan for a broken box.
        category_ids (list): (n,), as in the file.
        is_fallback (np.ndarray): bool (n,).
        fallbacks (Counter): Number of annotations by kind of fallback.
        crowds (int): Crowd regions, which are not among the rows.
        images (int): Entries of ``images``.
        class_names (dict): Name by category id.
        info (dict): ``info.mal`` of the file.
    """
    path: str
    rows: np.ndarray
    scores: np.ndarray
    box_areas: np.ndarray
    category_ids: list
    is_fallback: np.ndarray
    fallbacks: Counter = field(default_factory=Counter)
    crowds: int = 0
    images: int = 0
    class_names: dict = field(default_factory=dict)
    info: dict = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def class_name(self, category_id: Any) -> str:
        """Name of a class, or its id where it has none."""
        return self.class_names.get(category_id, f'class {category_id}')


def read_columns(path: str) -> MaskColumns:
    """Read a masks JSON of any size, in columns of 33 bytes an annotation.

    Args:
        path (str): COCO JSON of a label run.

    Returns:
        MaskColumns: Everything but the masks.

    Raises:
        AnnotationError: If the file cannot be read.
        UserError: If no annotation has a mask: it is a file of boxes.
    """
    source = AnnotationFile(path)
    total = source.count('annotations')
    rows, scores, areas, categories, flags = [], [], [], [], []
    fallbacks: Counter = Counter()
    crowds, has_mask = 0, False
    entries = show_progress(source.entries('annotations'), total, 'read masks')
    for row, ann in enumerate(entries):
        if is_crowd(ann):
            crowds += 1
            continue
        has_mask = has_mask or bool(ann.get('segmentation'))
        kind = noted(ann).get('fallback')
        if kind:
            fallbacks[str(kind)] += 1
        rows.append(row)
        scores.append(_number(ann.get('score')))
        areas.append(_box_area(ann.get('bbox')))
        categories.append(_hashable(ann.get('category_id')))
        flags.append(bool(kind))
    if rows and not has_mask:
        raise UserError(f'{path}: none of its {len(rows)} annotations has a mask; '
                        'give the file that a label run wrote, not the boxes')
    info = source.value('info') if 'info' in source.keys() else None
    return MaskColumns(
        path, np.array(rows, np.int64), np.array(scores, np.float64),
        np.array(areas, np.float64), categories, np.array(flags, bool),
        fallbacks, crowds, source.count('images'), _class_names(source),
        noted(info) if isinstance(info, dict) else {})


def read_rows(path: str, rows: Collection[int]) -> dict[int, dict]:
    """Whole annotations with their image's file name, by position.

    Args:
        path (str): COCO JSON.
        rows (Collection[int]): Positions among all annotations.

    Returns:
        dict[int, dict]: The annotations; ``file_name`` is that of the image,
        '' where the file does not say.
    """
    source, wanted, found = AnnotationFile(path), set(rows), {}
    for row, ann in enumerate(source.entries('annotations')):
        if row in wanted:
            found[row] = dict(ann)
            if len(found) == len(wanted):
                break
    needed = {_hashable(ann.get('image_id')) for ann in found.values()}
    names = {image.get('id'): str(image.get('file_name', ''))
             for image in source.entries('images')
             if _hashable(image.get('id')) in needed}
    for ann in found.values():
        ann['file_name'] = names.get(_hashable(ann.get('image_id')), '')
    return found


def _class_names(source: AnnotationFile) -> dict:
    """Names by id; of several classes of one name each keeps its id."""
    if 'categories' not in source.keys() or not source.is_list('categories'):
        return {}
    entries = [(_hashable(c.get('id')), str(c.get('name', c.get('id'))))
               for c in source.entries('categories')]
    count = Counter(name for _, name in entries)
    return {key: name if count[name] == 1 else f'{name} ({key})'
            for key, name in entries}


def noted(entry: Mapping) -> Mapping:
    """What a labeller noted under ``mal``, empty if something else is there.

    Args:
        entry (Mapping): An annotation or ``info``.
    """
    value = entry.get('mal')
    return value if isinstance(value, Mapping) else {}


def _number(value: Any) -> float:
    number = finite_number(value)
    return _NO_SCORE if number is None else number


def _box_area(bbox: Any) -> float:
    """Area of a COCO box in px², nan if it is none."""
    try:
        _, _, width, height = (float(value) for value in bbox)
    except (TypeError, ValueError):
        return _NO_SCORE
    return width * height if width > 0 and height > 0 else _NO_SCORE


def _hashable(value: Any) -> Any:
    """The value, or its text where it is a list or dict."""
    return value if isinstance(value, (int, float, str, type(None))) else str(value)
