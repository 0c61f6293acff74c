"""LabelMe: one JSON file an image."""

import math
import os
from collections.abc import Sequence
from typing import Any

from mmdet_mal.utils.errors import UserError

from .base import BoxReader
from .box_table import BoxTable, finite
from .image_folder import ImageFolder, look_at
from .json_file import load_json
from .probe import Probe, walk_files
from .progress import watch
from .shapes import SHAPES, count_shape, points_bounds, union
from .tally import Tally

# Shapes without an area.
_FLAT = ('point', 'points', 'line', 'linestrip')


class LabelmeReader(BoxReader):
    """A folder of LabelMe JSON files, or one."""

    name = 'labelme'
    summary = 'folder of LabelMe JSON files (at any depth), or one file'
    options = (SHAPES, )

    def recognise(self, probe: Probe) -> bool:
        if probe.is_folder:
            path = probe.first_file('.json')
            return path is not None and self.recognise(Probe(path))
        return {'shapes', 'imagePath'} <= probe.json_outline.keys()

    def read(self, path: str, images: ImageFolder | None, tally: Tally,
             classes: Sequence[str] | None = None,
             min_box_score: float | None = None, exif: str | None = None,
             shapes: str = 'boxes', **options: Any) -> dict[str, Any]:
        files = [path]
        if os.path.isdir(path):
            files = [file for file in walk_files(path)
                     if file.lower().endswith('.json')]
        if not files:
            raise UserError(f'{path}: no JSON file in it')
        table = BoxTable(tally, classes, min_box_score, path)
        for file in watch(files, 'read', 'file'):
            data = _load(file)
            inside = os.path.dirname(os.path.relpath(file, path)) if (
                os.path.isdir(path)) else ''
            name = str(data['imagePath']).replace('\\', '/')
            stem = os.path.splitext(os.path.basename(file))[0]
            stated = (data.get('imageWidth'), data.get('imageHeight'))
            # Of equal names in several folders, the one beside the file.
            picture = look_at(images, name, file, stated if all(stated) else None,
                              exif, hints=(os.path.join(inside, name), ),
                              stem=os.path.join(inside, stem))
            image_id = table.add_image(picture.file_name, picture.width,
                                       picture.height, file)
            for label, bbox, where, score in _read_shapes(data, file, shapes,
                                                          tally):
                table.add_box(image_id, label, picture.to_stored(bbox), where,
                              score)
        return table.to_coco()


def _load(file: str) -> dict[str, Any]:
    """Read one file."""
    data = load_json(file)
    if not (isinstance(data, dict) and isinstance(data.get('shapes'), list)
            and data.get('imagePath')):
        raise UserError(f'{file}: no LabelMe file (it has no shapes or no '
                        'imagePath); remove it from the folder')
    return data


def _read_shapes(data: dict[str, Any], file: str, shapes: str,
                 tally: Tally) -> list[tuple]:
    """Label, box (x, y, width, height), place and score of each object."""
    found = []
    groups: dict[tuple, list] = {}
    for number, shape in enumerate(data['shapes'], 1):
        where = f'{file}: shape {number}'
        if not isinstance(shape, dict) or not isinstance(shape.get('label'), str):
            raise UserError(f'{where}: has no label; correct it')
        kind = shape.get('shape_type') or 'polygon'
        score = shape.get('score')
        if kind == 'rectangle':
            bbox = points_bounds(shape.get('points'), where)
            found.append((shape['label'], bbox, where, score))
            continue
        if kind in _FLAT:
            tally.add(f'{kind}s have no area and are left out', where)
            continue
        if not count_shape(kind, shapes, where, tally):
            continue
        bbox = _bounds(kind, shape.get('points'), where)
        if shape.get('group_id') is None:
            found.append((shape['label'], bbox, where, score))
            continue
        # The parts of one object have one group.
        group = groups.setdefault((shape['label'], shape['group_id']), [])
        if not group:
            found.append((shape['label'], group, where, score))
        group.append(bbox)
    return [(label, union(bbox) if isinstance(bbox[0], list) else bbox, where,
             score) for label, bbox, where, score in found]


def _bounds(kind: str, points: Any, where: str) -> list[float]:
    """Bounds of a shape: x, y, width, height."""
    if kind == 'circle':  # its centre and a point of its edge
        if not isinstance(points, list) or len(points) != 2:
            raise UserError(f'{where}: a circle has two points, found {points!r:.80}')
        (cx, cy), (ex, ey) = ([finite(value, where, 'a coordinate')
                               for value in point] for point in points)
        radius = math.hypot(ex - cx, ey - cy)
        return [cx - radius, cy - radius, 2 * radius, 2 * radius]
    x, y, width, height = points_bounds(points, where)
    if kind == 'mask':  # its first and last pixel
        return [x, y, width + 1, height + 1]
    return [x, y, width, height]
