"""COCO results: predicted boxes as a list."""

from collections.abc import Sequence
from typing import Any

from mmdet_mal.utils.errors import UserError

from .base import BoxReader
from .box_table import BoxTable
from .coco_reader import CocoReader
from .image_folder import ImageFolder
from .json_file import load_json
from .option import Option
from .probe import Probe
from .progress import watch
from .tally import Tally


class CocoResultsReader(BoxReader):
    """A COCO results list (``….bbox.json`` of mmdet, Detectron2 and others)."""

    name = 'coco-results'
    summary = ('list of predicted boxes in COCO\'s results format; needs '
               '--annotations')
    options = (
        Option('annotations', 'COCO JSON with the images and categories that the '
               'predictions were made for', metavar='FILE'), )

    def recognise(self, probe: Probe) -> bool:
        first = probe.json_first
        return (isinstance(first, dict)
                and {'image_id', 'category_id', 'bbox', 'score'} <= first.keys())

    def read(self, path: str, images: ImageFolder | None, tally: Tally,
             classes: Sequence[str] | None = None,
             min_box_score: float | None = None, exif: str | None = None,
             annotations: str | None = None, **options: Any) -> dict[str, Any]:
        if annotations is None:
            raise UserError(
                f'{path}: holds image ids and no images; give the COCO JSON that '
                'was predicted for with --annotations')
        data = CocoReader().read(annotations, images, Tally(), exif=exif)
        names = {entry.get('id'): entry.get('name') for entry in data['categories']}
        table = BoxTable(tally, classes or list(names.values()), min_box_score,
                         path)
        ids = {entry['id']: table.add_image(
            entry['file_name'], entry['width'], entry['height'],
            f"{annotations}: image {entry['id']}") for entry in data['images']}
        for number, entry in enumerate(watch(_load(path), 'read', 'box'), 1):
            where = f'{path}: prediction {number}'
            if not isinstance(entry, dict):
                raise UserError(f'{where}: is a {type(entry).__name__}, expected '
                                'an object with image_id, category_id, bbox, score')
            image_id, category = entry.get('image_id'), entry.get('category_id')
            if image_id not in ids:
                raise UserError(f'{where}: image_id {image_id!r} is not in '
                                f'{annotations}; give the file that was predicted '
                                'for')
            if category not in names:
                raise UserError(f'{where}: category_id {category!r} is not in '
                                f'{annotations}; give the file that was predicted '
                                'for')
            bbox = entry.get('bbox')
            if not isinstance(bbox, list) or len(bbox) != 4:
                raise UserError(f'{where}: bbox is {bbox!r:.80}, expected x, y, '
                                'width and height')
            table.add_box(ids[image_id], names[category], bbox, where,
                          entry.get('score'))
        return table.to_coco()


def _load(path: str) -> list[Any]:
    entries = load_json(path)
    if not isinstance(entries, list):
        raise UserError(f'{path}: expected a list of predictions')
    return entries
