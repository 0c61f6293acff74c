"""CVAT for images 1.1 (XML)."""

from collections.abc import Sequence
from typing import Any

from mmdet_mal.utils.errors import UserError

from .base import BoxReader
from .box_table import BoxTable, finite
from .image_folder import ImageFolder, look_at
from .probe import Probe
from .shapes import (SHAPES, check_rotated, count_shape, ellipse_bounds,
                     points_bounds, rotated_bounds)
from .tally import Tally
from .xml import iterate_xml, root_tag

_FLAT = ('points', 'polyline', 'tag', 'skeleton', 'cuboid')
_AREAS = ('polygon', 'ellipse', 'mask')


class CvatReader(BoxReader):
    """CVAT's ``annotations.xml`` of an image task, read as a stream."""

    name = 'cvat'
    summary = "annotations.xml of CVAT's export 'CVAT for images 1.1'"
    options = (SHAPES, )

    def recognise(self, probe: Probe) -> bool:
        return probe.suffix == '.xml' and root_tag(probe.path) == 'annotations'

    def read(self, path: str, images: ImageFolder | None, tally: Tally,
             classes: Sequence[str] | None = None,
             min_box_score: float | None = None, exif: str | None = None,
             shapes: str = 'boxes', **options: Any) -> dict[str, Any]:
        names: list[str] = []
        table = None
        for _, node in iterate_xml(path, ('end', )):
            if node.tag == 'label' and table is None:
                label = (node.findtext('name') or '').strip()
                if label and label not in names:
                    names.append(label)
            elif node.tag == 'track':
                raise UserError(
                    f"{path}: holds tracks of a video; export it as 'CVAT for "
                    "images 1.1' instead")
            elif node.tag == 'image':
                if table is None:
                    table = BoxTable(tally, classes or names or None,
                                     min_box_score, path)
                _read_image(node, path, images, exif, shapes, table, tally)
                node.clear()
        if table is None:
            raise UserError(f"{path}: no <image> in it; export the task as 'CVAT "
                            "for images 1.1'")
        return table.to_coco()


def _read_image(node: Any, path: str, images: ImageFolder | None,
                exif: str | None, shapes: str, table: BoxTable,
                tally: Tally) -> None:
    """Add an image and its boxes."""
    name = node.get('name')
    if not name:
        raise UserError(f"{path}: image {node.get('id')}: has no name")
    where = f'{path}: image {name}'
    stated = None
    if node.get('width') and node.get('height'):
        stated = (finite(node.get('width'), where, 'the width'),
                  finite(node.get('height'), where, 'the height'))
    picture = look_at(images, name, where, stated, exif)
    image_id = table.add_image(picture.file_name, picture.width, picture.height,
                               where)
    for number, shape in enumerate(node, 1):
        here = f'{where}: shape {number}'
        if shape.tag in _FLAT:
            tally.add(f"shapes of the kind '{shape.tag}' are left out", here)
            continue
        if shape.tag == 'box':
            bbox = _read_box(shape, here, shapes, tally)
        elif shape.tag in _AREAS:
            if not count_shape(shape.tag, shapes, here, tally):
                continue
            bbox = _bounds(shape, here)
        else:
            raise UserError(f'{here}: <{shape.tag}> is not known')
        if not shape.get('label'):
            raise UserError(f'{here}: has no label')
        table.add_box(image_id, shape.get('label'), picture.to_stored(bbox), here)


def _read_box(shape: Any, where: str, shapes: str, tally: Tally) -> list[float]:
    """A box, or the bounds of a rotated one: x, y, width, height."""
    left, top, right, bottom = _numbers(shape, ('xtl', 'ytl', 'xbr', 'ybr'), where)
    if right < left or bottom < top:
        raise UserError(f'{where}: its box runs backwards (xtl, ytl, xbr, ybr: '
                        f'{[left, top, right, bottom]}); correct it')
    bbox = [left, top, right - left, bottom - top]
    turn = finite(shape.get('rotation') or 0, where, 'the rotation')
    if turn % 360:
        check_rotated(shapes, turn, where, tally)
        # CVAT turns boxes about their centre.
        bbox = rotated_bounds(bbox, turn, ((left + right) / 2, (top + bottom) / 2))
    return bbox


def _bounds(shape: Any, where: str) -> list[float]:
    """Bounds of a shape with an area: x, y, width, height."""
    if shape.tag == 'mask':
        return _numbers(shape, ('left', 'top', 'width', 'height'), where)
    if shape.tag == 'ellipse':
        values = _numbers(shape, ('cx', 'cy', 'rx', 'ry'), where)
        return ellipse_bounds(*values, finite(shape.get('rotation') or 0, where,
                                              'the rotation'))
    pairs = [pair.split(',') for pair in (shape.get('points') or '').split(';')]
    return points_bounds(pairs, where)


def _numbers(shape: Any, keys: Sequence[str], where: str) -> list[float]:
    return [finite(shape.get(key), where, key) for key in keys]
