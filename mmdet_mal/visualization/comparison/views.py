"""Masks of several labellers and people, side by side for the same box."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mmdet_mal.datasets.annotation_file import AnnotationFile
from mmdet_mal.datasets.annotations import AnnotationError
from mmdet_mal.datasets.image_source import image_source, join_image_path
from mmdet_mal.datasets.images import read_image
from mmdet_mal.labelling.progress import show_progress
from mmdet_mal.visualization.mask_view import mask_view

BOX, HUMAN = 'box', 'human'
_SIZE = 320


@dataclass
class ComparisonView:
    """One box.

    Attributes:
        annotation_id (Any): As in the files.
        file_name (str): Of the image.
        pictures (list[np.ndarray]): uint8 (h, w, 3), BGR each: the box alone,
            each label file's mask, the human mask; empty if the image cannot
            be shown.
        note (str): Why not, or whose mask is missing; else ''.
    """
    annotation_id: Any
    file_name: str
    pictures: list[np.ndarray] = field(default_factory=list)
    note: str = ''


def comparison_views(chosen: Sequence[Mapping], masks: Mapping[str, str],
                     human: str | None, images: str,
                     size: int = _SIZE) -> list[ComparisonView]:
    """Draw boxes with the masks of all files.

    Args:
        chosen (Sequence[Mapping]): Each with ``annotation_id`` and
            ``file_name``.
        masks (Mapping[str, str]): Label files by the names of their columns.
        human (str, optional): COCO JSON with human masks, the last column.
        images (str): Folder, archive or address of the images.
        size (int): Longer side of a picture in px.

    Returns:
        list[ComparisonView]: One for each of ``chosen``.

    Raises:
        UserError: a file or the images are not there.
    """
    ids = {entry['annotation_id'] for entry in chosen}
    files = dict(masks) | ({HUMAN: human} if human is not None else {})
    found = {name: annotations_by_id(path, ids) for name, path in files.items()}
    source = image_source(images)
    return [_view(entry, found, source, size)
            for entry in show_progress(chosen, len(chosen), 'draw masks')]


def annotations_by_id(path: str, ids: set) -> dict[Any, dict]:
    """Annotations of a COCO JSON by id, only those that are asked for."""
    return {ann['id']: ann for ann in AnnotationFile(path).entries('annotations')
            if _id(ann) in ids}


def _id(ann: Mapping) -> Any:
    """The id, None where it is none that can be looked up."""
    value = ann.get('id')
    return value if isinstance(value, (int, float, str)) else None


def _view(entry: Mapping, found: Mapping[str, Mapping], source: Sequence,
          size: int) -> ComparisonView:
    """Draw one box."""
    key = entry['annotation_id']
    view = ComparisonView(key, str(entry['file_name']))
    image_dir, backend_args = source
    anns = [by_id[key] for by_id in found.values() if key in by_id]
    missing = [name for name, by_id in found.items() if key not in by_id]
    if missing:
        view.note = f"no annotation {key} in {', '.join(missing)}"
    try:
        img = read_image(join_image_path(image_dir, view.file_name),
                         f'annotation {key}', backend_args=backend_args)
        bbox = anns[0]['bbox']
        view.pictures = [mask_view(img, bbox, None, size)]
        for by_id in found.values():
            view.pictures.append(mask_view(
                img, bbox, by_id.get(key, {}).get('segmentation'), size,
                box='hide'))
    except (AnnotationError, IndexError, KeyError, TypeError,
            ValueError) as error:
        view.pictures = []
        view.note = f'no picture: {error}'
    return view
