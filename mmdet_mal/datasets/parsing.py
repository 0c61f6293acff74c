"""From a parsed COCO detection file to columns and the list of its faults."""

from typing import Any

import numpy as np

from .annotation_reader import AnnotationReader, is_int
from .columns import BoxColumns, ImageTable
from .fault import Fault


def build_columns(
        data: dict) -> tuple[BoxColumns, ImageTable, list[Fault]]:
    """Turn a COCO detection file into columns and list its faults.

    Args:
        data (dict): As :func:`.annotations.load_annotation_file` returns it.

    Returns:
        tuple[BoxColumns, ImageTable, list[Fault]]: All annotations in the
        order of the file (faulty ones flagged, their boxes set to 0), all
        images, and the faults of images' entries, categories and
        annotations; image files are not looked at.
    """
    images, faults = _read_images(data['images'])
    classes, category_faults = _read_categories(data['categories'])
    reader = AnnotationReader(data['annotations'], images)
    reader.read_labels(classes)
    reader.read_boxes()
    columns = BoxColumns(
        ann_ids=reader.ann_ids,
        image_index=reader.image_index,
        boxes_xywh=reader.boxes_xywh,
        labels=reader.labels,
        flags=(BoxColumns.CROWD * reader.crowd +
               BoxColumns.CLIPPED * reader.clipped +
               BoxColumns.FAULTY * reader.faulty).astype(np.uint8),
        category_table=np.array(sorted(classes), dtype=np.int64))
    return columns, images, faults + category_faults + reader.sorted_faults()


def _read_images(entries: list[dict]) -> tuple[ImageTable, list[Fault]]:
    """Build the image table; faults of its entries."""
    faults = []
    seen = set()
    for i, entry in enumerate(entries):
        image_id, name = entry.get('id'), entry.get('file_name')
        known_name = name if isinstance(name, str) else ''
        if image_id is None or isinstance(image_id, (dict, list, bool)):
            faults.append(
                Fault('image_id_missing', known_name, None, None,
                      f"entry {i} of 'images' has no usable id; give it one"))
            continue
        if image_id in seen:
            faults.append(
                Fault('image_id_duplicate', known_name, image_id, None,
                      'this image id occurs more than once; make ids unique'))
        seen.add(image_id)
        if not known_name:
            faults.append(
                Fault('image_entry', '', image_id, None,
                      f'file_name is {name!r}, expected a path; add it'))
        for key in ('height', 'width'):
            if not is_int(entry.get(key)) or entry[key] <= 0:
                faults.append(
                    Fault('image_entry', known_name, image_id, None,
                          f'{key} is {entry.get(key)!r}, expected a positive '
                          'number of pixels; correct it'))

    def size(entry: dict, key: str) -> int:
        value = entry.get(key)
        return value if is_int(value) and 0 < value < 2**31 else 0

    def usable(entry: dict, key: str, kinds: tuple, default: Any) -> Any:
        value = entry.get(key)
        return value if isinstance(value, kinds) else default

    table = ImageTable(
        ids=[usable(e, 'id', (int, float, str), None) for e in entries],
        file_names=[usable(e, 'file_name', (str, ), '') for e in entries],
        heights=np.array([size(e, 'height') for e in entries], np.int32),
        widths=np.array([size(e, 'width') for e in entries], np.int32))
    return table, faults


def _read_categories(entries: list[dict]) -> tuple[dict, list[Fault]]:
    """Map category id to class index in order of the ids."""
    faults = []
    ids = set()
    for i, entry in enumerate(entries):
        category_id = entry.get('id')
        if not is_int(category_id) or not isinstance(entry.get('name'), str):
            faults.append(
                Fault('category_entry', '', None, None,
                      f"entry {i} of 'categories' needs an integer id and a "
                      f'name, found {entry!r:.80}'))
        elif category_id in ids:
            faults.append(
                Fault('category_id_duplicate', '', None, None,
                      f'category id {category_id} occurs more than once; make '
                      'ids unique'))
        if is_int(category_id):
            ids.add(category_id)
    return {id_: index for index, id_ in enumerate(sorted(ids))}, faults
