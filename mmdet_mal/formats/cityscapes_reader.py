"""Cityscapes: polygons of gtFine as boxes of what is visible."""

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
from .tally import Tally

_ENDINGS = ('_gtFine_polygons.json', '_gtCoarse_polygons.json')
_IMAGE_ENDING = '_leftImg8bit.png'
# Classes whose objects count one by one in Cityscapes' instance benchmark, in the
# order of its label ids.
CLASSES = ('person', 'rider', 'car', 'truck', 'bus', 'train', 'motorcycle',
           'bicycle')
# Also told apart, but not evaluated.
_LEFT_OUT = ('caravan', 'trailer')
# Cityscapes' own id images leave this one out: the car below shows.
_NOT_DRAWN = 'license plate'
_GROUP = 'group'


class CityscapesReader(BoxReader):
    """A folder of Cityscapes polygon files, such as ``gtFine/train``.

    Polygons are drawn in the order of the file, each over the ones before, as
    Cityscapes' tools make their id images; the box of an object bounds what is
    left to see of it.  ``cargroup`` and the like are crowds.
    """

    name = 'cityscapes'
    summary = 'folder of Cityscapes *_gtFine_polygons.json files (at any depth)'
    refines = ('labelme', )

    def recognise(self, probe: Probe) -> bool:
        path = probe.path
        if probe.is_folder:
            path = probe.first_file('.json') or ''
        return path.endswith(_ENDINGS)

    def read(self, path: str, images: ImageFolder | None, tally: Tally,
             classes: Sequence[str] | None = None,
             min_box_score: float | None = None, exif: str | None = None,
             **options: Any) -> dict[str, Any]:
        files = [path]
        if os.path.isdir(path):
            files = [file for file in walk_files(path) if file.endswith(_ENDINGS)]
        if not files:
            raise UserError(f'{path}: no *_gtFine_polygons.json file in it; give '
                            'the folder gtFine or one of its parts')
        table = BoxTable(tally, CLASSES if classes is None else classes,
                         min_box_score, path)
        for file in watch(files, 'read', 'file'):
            data = _load(file)
            name = _image_name(file, path)
            picture = look_at(images, name, file,
                              (data['imgWidth'], data['imgHeight']), exif)
            image_id = table.add_image(picture.file_name, picture.width,
                                       picture.height, file)
            shape = (data['imgHeight'], data['imgWidth'])
            for label, bbox, crowd, where in visible_boxes(
                    data['objects'], shape, file, tally):
                table.add_box(image_id, label, picture.to_stored(bbox), where,
                              iscrowd=int(crowd))
        return table.to_coco()


def visible_boxes(objects: Sequence[dict[str, Any]], shape: tuple[int, int],
                  file: str, tally: Tally) -> list[tuple]:
    """Boxes of what is left to see of each object.

    Args:
        objects (Sequence[dict]): Of a polygon file, far ones first.
        shape (tuple[int, int]): Height and width of the image.
        file (str): For messages.
        tally (Tally): Gets those that are covered, and those left out.

    Returns:
        list[tuple]: Label, box (x, y, width, height in px), whether it is a
        group, and the place, of each object of :data:`CLASSES`.
    """
    import numpy as np
    from PIL import Image, ImageDraw
    from scipy.ndimage import find_objects
    canvas = Image.new('I', (shape[1], shape[0]), 0)
    draw = ImageDraw.Draw(canvas)
    counted = []
    for number, entry in enumerate(objects):
        where = f'{file}: object {number}'
        label, group, points = _read_object(entry, where)
        if entry.get('deleted') or label == _NOT_DRAWN:
            continue
        if label in _LEFT_OUT:
            tally.add('objects are of classes that Cityscapes does not evaluate '
                      f"({', '.join(_LEFT_OUT)}) and are left out", where)
        mark = 0
        if label in CLASSES:
            counted.append((label, group, where))
            mark = len(counted)
        if len(points) > 2:
            draw.polygon(points, fill=mark)
    found = find_objects(np.asarray(canvas), max_label=len(counted))
    boxes = []
    for (label, group, where), slices in zip(counted, found, strict=True):
        if slices is None:
            tally.add('objects are wholly covered by others or outside the '
                      'image, and are left out', where)
            continue
        rows, columns = slices
        boxes.append((label, [columns.start, rows.start,
                              columns.stop - columns.start,
                              rows.stop - rows.start], group, where))
    return boxes


def _read_object(entry: Any, where: str) -> tuple[str, bool, list]:
    """Label, whether it is a group, and corners of an object."""
    if not isinstance(entry, dict) or not isinstance(entry.get('label'), str):
        raise UserError(f'{where}: has no label; correct it')
    points = entry.get('polygon')
    if not isinstance(points, list) or not all(
            isinstance(point, list) and len(point) == 2 for point in points):
        raise UserError(f'{where}: polygon is {points!r:.80}, expected a list of '
                        'x and y')
    points = [tuple(finite(value, where, 'a coordinate') for value in point)
              for point in points]
    label = entry['label']
    group = label.endswith(_GROUP) and label.removesuffix(_GROUP) in (
        *CLASSES, *_LEFT_OUT)
    return label.removesuffix(_GROUP) if group else label, group, points


def _load(file: str) -> dict[str, Any]:
    """Read one polygon file."""
    data = load_json(file)
    if not isinstance(data, dict) or not isinstance(data.get('objects'), list):
        raise UserError(f"{file}: has no list 'objects'; it is no polygon file of "
                        'Cityscapes')
    for key in ('imgHeight', 'imgWidth'):
        if not isinstance(data.get(key), int) or not 0 < data[key] < 1 << 16:
            raise UserError(f'{file}: {key} is {data.get(key)!r}, expected a '
                            'positive number of pixels')
    return data


def _image_name(file: str, path: str) -> str:
    """The image of a polygon file: same folders, another ending."""
    name = os.path.relpath(file, path) if os.path.isdir(path) else (
        os.path.basename(file))
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    return name.replace(os.sep, '/') + _IMAGE_ENDING
