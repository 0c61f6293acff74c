"""Label Studio JSON."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from mmdet_mal.utils.errors import UserError

from .base import BoxReader
from .box_table import BoxTable, finite
from .image_folder import ImageFolder, look_at
from .json_file import load_json
from .option import Option
from .picture import Picture
from .probe import Probe
from .progress import watch
from .shapes import (SHAPES, check_rotated, count_shape, ellipse_bounds,
                     points_bounds, rotated_bounds)
from .tally import Tally

# Label Studio puts 8 hexadecimal digits before the name of an upload.
_UPLOAD = re.compile(r'^[0-9a-f]{8}-')
_BOXES = ('rectanglelabels', 'rectangle')
_AREAS = ('polygonlabels', 'polygon', 'ellipselabels', 'ellipse')
_IMAGE_SUFFIX = re.compile(r'\.(jpe?g|png|bmp|gif|webp|tiff?)($|\?)', re.I)


class LabelStudioReader(BoxReader):
    """Label Studio's exports JSON and JSON-MIN."""

    name = 'label-studio'
    summary = "Label Studio's export 'JSON' or 'JSON-MIN' (rectangles)"
    options = (
        SHAPES,
        Option('results', "what to read of each task: people's annotations or a "
               "model's predictions", choices=('annotations', 'predictions'),
               default='annotations'))

    def recognise(self, probe: Probe) -> bool:
        task = probe.json_first
        if not isinstance(task, dict):
            return False
        full = isinstance(task.get('data'), dict) and (
            {'annotations', 'completions', 'predictions'} & task.keys())
        return bool(full) or {'annotator', 'annotation_id'} <= task.keys()

    def read(self, path: str, images: ImageFolder | None, tally: Tally,
             classes: Sequence[str] | None = None,
             min_box_score: float | None = None, exif: str | None = None,
             shapes: str = 'boxes', results: str = 'annotations',
             **options: Any) -> dict[str, Any]:
        table = BoxTable(tally, classes, min_box_score, path)
        for task in watch(_load(path), 'read', 'task'):
            where = f"{path}: task {task.get('id')}"
            regions, score = _regions(task, results, where, tally)
            address = _address(task, where)
            picture = _picture(address, regions, images, exif, where)
            if picture is None:
                tally.add('tasks have no labels that tell the size of their '
                          'image, and no --images: left out', where)
                continue
            image_id = table.add_image(picture.file_name, picture.width,
                                       picture.height, where)
            for number, region in enumerate(regions, 1):
                here = f'{where}: region {region.get("id", number)}'
                bbox = _read_region(region, picture, shapes, here, tally)
                if bbox is not None:
                    table.add_box(image_id, _label(region, here),
                                  picture.to_stored(bbox), here,
                                  region.get('score', score))
        return table.to_coco()


def _load(path: str) -> list[dict[str, Any]]:
    """Tasks of a file."""
    tasks = load_json(path)
    if not isinstance(tasks, list) or not all(isinstance(t, dict) for t in tasks):
        raise UserError(f"{path}: expected a list of tasks; export as 'JSON'")
    return tasks


def _regions(task: Mapping[str, Any], results: str, where: str,
             tally: Tally) -> tuple[list[dict[str, Any]], float | None]:
    """Regions of a task, in one form; the score of all of them."""
    if not isinstance(task.get('data'), dict):  # JSON-MIN
        return [dict(value=value, type=kind, **{
            key: value.get(key) for key in ('original_width', 'original_height')})
            for value in _objects(task) for kind in [_kind(value)] if kind], None
    if results == 'predictions':
        groups = task.get('predictions') or []
    else:
        groups = [group for group
                  in task.get('annotations') or task.get('completions') or []
                  if isinstance(group, dict) and not group.get('was_cancelled')]
        if not groups and task.get('predictions'):
            tally.add('tasks have predictions and no annotations (--results '
                      'predictions reads these)', where)
    if not groups:
        return [], None
    if len(groups) > 1:
        tally.add(f'tasks have several {results}: the last one is read', where)
    group = groups[-1]
    regions = group.get('result') if isinstance(group, dict) else None
    if not isinstance(regions, list) or not all(isinstance(r, dict)
                                                for r in regions):
        raise UserError(f"{where}: has no list 'result' in its {results}; export "
                        "the project as 'JSON'")
    return regions, group.get('score') if results == 'predictions' else None


def _objects(task: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Objects in the lists of a task of JSON-MIN."""
    for value in task.values():
        if isinstance(value, list):
            yield from (entry for entry in value if isinstance(entry, dict))


def _kind(value: Mapping[str, Any]) -> str | None:
    """Kind of a region of JSON-MIN: the key that holds its labels."""
    return next((key for key in value if key.endswith('labels')), None)


def _address(task: Mapping[str, Any], where: str) -> str:
    """Address of the image of a task."""
    data = task['data'] if isinstance(task.get('data'), dict) else task
    texts = {key: value for key, value in data.items() if isinstance(value, str)}
    for key in ('image', 'img', 'photo'):
        if key in texts:
            return texts[key]
    fitting = [value for value in texts.values() if _IMAGE_SUFFIX.search(value)]
    if len(fitting) == 1:
        return fitting[0]
    raise UserError(f"{where}: which of {', '.join(sorted(data))[:200]} is the "
                    "image? expected one key 'image' in its data")


def _file_name(address: str) -> str:
    """File name within an address; '/data/local-files/?d=photos/a.jpg' too."""
    if re.match(r'[A-Za-z]:[\\/]', address):
        return address
    parts = urlsplit(address)
    query = parse_qs(parts.query)
    if parts.path.rstrip('/').endswith('local-files') and 'd' in query:
        return query['d'][0]
    if '://' in address or address.startswith('/data/'):
        return unquote(parts.path).lstrip('/')
    return address


def _picture(address: str, regions: Sequence[Mapping[str, Any]],
             images: ImageFolder | None, exif: str | None,
             where: str) -> Picture | None:
    """The image of a task; None if nobody tells its size."""
    name = _file_name(address)
    stated = None
    for region in regions:
        if region.get('original_width') and region.get('original_height'):
            stated = (finite(region['original_width'], where, 'original_width'),
                      finite(region['original_height'], where, 'original_height'))
            break
    folder, base = os.path.split(name)
    uploaded = os.path.join(folder, _UPLOAD.sub('', base))
    if images is None:
        return stated and look_at(None, uploaded, where, stated, exif)
    # The name with its prefix, if the images come from Label Studio's own folder.
    if uploaded != name and not images.knows(base):
        name = uploaded
    return look_at(images, name, where, stated, exif)


def _read_region(region: Mapping[str, Any], picture: Picture, shapes: str,
                 where: str, tally: Tally) -> list[float] | None:
    """Bounds of a region in pixels (x, y, width, height); None to leave out."""
    kind, value = region.get('type'), region.get('value')
    if kind not in _BOXES + _AREAS:
        if isinstance(kind, str) and kind.startswith(('brush', 'keypoint')):
            tally.add(f"regions of the kind '{kind}' are left out", where)
        return None  # choices, texts, relations
    if not isinstance(value, dict):
        raise UserError(f"{where}: has no object 'value'; export it again")
    if finite(region.get('image_rotation') or 0, where, 'image_rotation') % 360:
        raise UserError(f'{where}: was drawn on the image turned by '
                        f"{region['image_rotation']} degrees, which is not read; "
                        'turn it back in Label Studio')
    width, height = (side / 100 for side in picture.shown_size)  # from percent
    turn = finite(value.get('rotation') or 0, where, 'the rotation')
    if kind in _BOXES:
        bbox = [finite(value.get(key), where, key) * scale for key, scale in (
            ('x', width), ('y', height), ('width', width), ('height', height))]
        if turn % 360:
            check_rotated(shapes, turn, where, tally)
            # Label Studio turns boxes about their top left corner.
            bbox = rotated_bounds(bbox, turn, (bbox[0], bbox[1]))
        return bbox
    if not count_shape(kind.removesuffix('labels'), shapes, where, tally):
        return None
    if kind.startswith('ellipse'):
        cx, cy, rx, ry = (
            finite(value.get(key), where, key) * scale for key, scale in (
                ('x', width), ('y', height), ('radiusX', width),
                ('radiusY', height)))
        return ellipse_bounds(cx, cy, rx, ry, turn)
    x, y, w, h = points_bounds(value.get('points'), where)
    return [x * width, y * height, w * width, h * height]


def _label(region: Mapping[str, Any], where: str) -> str:
    """The class of a region."""
    value = region['value']
    names = value.get(region['type']) or value.get('labels')
    if not isinstance(names, list) or len(names) != 1:
        raise UserError(f'{where}: has the labels {names!r:.80}, expected one')
    return str(names[0])
