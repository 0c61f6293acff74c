"""From a COCO detection file to columns and what is wrong with it."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from .annotation_reader import AnnotationReader, annotation_fault
from .annotation_source import AnnotationSource, as_source
from .annotations import AnnotationError
from .coco_records import BoxRecord, ImageRecord
from .columns import BoxColumns
from .fault import ANNOTATION_ERRORS, Fault
from .fault_log import FaultLog
from .id_column import IdColumn, IdLookup, is_id, is_int
from .image_table import ImageTable

# Annotations read and judged at once: enough for numpy to pay, about 6 MiB.
BLOCK = 1 << 12
# What faults are of, in the order in which they are listed.
_IMAGES, _CATEGORIES, _ANNOTATIONS, IMAGE_FILES = range(4)


def build_columns(
        data: dict | AnnotationSource,
        faults: FaultLog | None = None
) -> tuple[BoxColumns, ImageTable, FaultLog]:
    """Turn a COCO detection file into columns and list its faults.

    Reads a streamed file in blocks, so that memory holds the columns (31
    bytes a box, 24 and the file name an image), one block, and the faults
    that the log keeps.

    Args:
        data (dict | AnnotationSource): As
            :func:`.annotations.load_annotation_file` returns it, or an
            :class:`.annotation_file.AnnotationFile`.
        faults (FaultLog, optional): Takes in the faults.  Defaults to one
            that keeps the first 50 of each kind.

    Returns:
        tuple[BoxColumns, ImageTable, FaultLog]: All annotations in the order
        of the file (faulty ones flagged, their boxes set to 0), all images,
        and the faults of images' entries, categories and annotations; image
        files are not looked at.

    Raises:
        AnnotationError: If a streamed file cannot be read, or changes.
    """
    source = as_source(data)
    faults = FaultLog() if faults is None else faults
    images = _read_images(source, faults)
    classes = _read_categories(source, faults)
    columns = BoxColumns.empty(
        source.count('annotations'), np.array(classes, dtype=np.int64))
    _read_annotations(source, columns, images,
                      IdLookup(IdColumn(classes)), faults)
    _find_duplicates(source, columns, images, faults)
    return columns, images, faults


def _read_annotations(source: AnnotationSource, columns: BoxColumns,
                      images: ImageTable, classes: IdLookup,
                      faults: FaultLog) -> None:
    """Fill the columns block by block."""
    image_rows = IdLookup(images.ids)
    entries = source.records('annotations', BoxRecord)
    for row in range(0, len(columns) + 1, BLOCK):
        # In a call of its own, so that no two blocks are in memory at once.
        if not _read_block(list(islice(entries, BLOCK)), row, columns, images,
                           image_rows, classes, faults):
            raise _changed(source)


def _changed(source: AnnotationSource) -> AnnotationError:
    return AnnotationError(f'{source.path}: the file changed while it was '
                           'read; start again')


def _read_block(block: list[BoxRecord], row: int, columns: BoxColumns,
                images: ImageTable, image_rows: IdLookup,
                classes: IdLookup, faults: FaultLog) -> bool:
    """Judge a block of annotations, of which the first is in ``row``; False if
    they are not as many as they should be."""
    if len(block) != min(BLOCK, len(columns) - row):
        return False
    reader = AnnotationReader(block, row, images, image_rows, classes)
    columns.put(row, reader)
    for place, fault in sorted(reader.faults, key=lambda pair: pair[0]):
        faults.add(fault, (_ANNOTATIONS, *place))
    return True


def _find_duplicates(source: AnnotationSource, columns: BoxColumns,
                     images: ImageTable, faults: FaultLog) -> None:
    """Flag and report annotations whose ids occur more than once."""
    has_id = (columns.flags & columns.NO_ID) == 0
    ids = columns.ann_ids[has_id]
    ids.sort()  # in place: a copy would be 8 bytes a box more
    repeated = np.unique(ids[1:][ids[1:] == ids[:-1]])
    if not len(repeated):
        return
    duplicate = has_id & np.isin(columns.ann_ids, repeated)
    rank = ANNOTATION_ERRORS.index('ann_id_duplicate')
    errors = columns.flags >> columns.ERROR_SHIFT
    first = duplicate & ((errors == 0) | (errors > rank + 1))
    # What an id does wrong is told before what category and box do.
    columns.flags[first] &= (1 << columns.ERROR_SHIFT) - 1
    columns.flags[first] |= (rank + 1) << columns.ERROR_SHIFT
    columns.flags[duplicate] |= columns.FAULTY
    for row, entry in enumerate(source.records('annotations', BoxRecord)):
        if not duplicate[row]:
            continue
        ann_id, image = columns.ann_ids[row], columns.image_index[row]
        times = (np.searchsorted(ids, ann_id, 'right')
                 - np.searchsorted(ids, ann_id, 'left'))
        fault = annotation_fault(
            entry, row, images.file_names[image] if image >= 0 else '',
            'ann_id_duplicate',
            f'this id occurs {times} times; make ids unique')
        faults.add(fault, (_ANNOTATIONS, row, rank))


def _read_images(source: AnnotationSource, faults: FaultLog) -> ImageTable:
    """Build the image table; report the faults of its entries."""
    count = source.count('images')
    heights, widths = np.zeros(count, np.int32), np.zeros(count, np.int32)
    # Read anew for the names: nothing is gathered in lists meanwhile.
    images = ImageTable(
        _read_image_ids(source, heights, widths, faults),
        (_file_name(entry.file_name, entry.coco_url)
         for entry in source.records('images', ImageRecord)),
        heights, widths)
    if not count == len(images) == len(images.file_names):
        raise _changed(source)
    # The lookup names the first row of an id: any other one repeats it.
    first = IdLookup(images.ids).rows(images.ids)
    for row in np.flatnonzero((first >= 0) & (first != np.arange(count))):
        faults.add(
            Fault('image_id_duplicate', images.file_names[row],
                  images.ids[row], None,
                  'this image id occurs more than once; make ids unique'),
            (_IMAGES, int(row), 0))
    return images


def _read_image_ids(source: AnnotationSource, heights: np.ndarray,
                    widths: np.ndarray, faults: FaultLog) -> Iterator[Any]:
    """Yield the ids; fill in the sizes and report faults on the way."""
    for row, entry in enumerate(source.records('images', ImageRecord)):
        if row == len(heights):
            raise _changed(source)
        heights[row], widths[row] = _size(entry.height), _size(entry.width)
        if not _is_sound(entry):
            for rank, fault in enumerate(_judge_image(entry, row)):
                faults.add(fault, (_IMAGES, row, 1 + rank))
        yield _image_id(entry.id)


def _is_sound(entry: ImageRecord) -> bool:
    """Whether an image's entry is as nearly all are, for which no fault need be
    looked for."""
    return (type(entry.id) is type(entry.height) is type(entry.width) is int
            and entry.height > 0 < entry.width
            and type(entry.file_name) is str and entry.file_name != '')


def _judge_image(entry: ImageRecord, row: int) -> list[Fault]:
    """Faults of one entry of 'images'."""
    image_id = _image_id(entry.id)
    name = _file_name(entry.file_name, entry.coco_url)
    if image_id is None:
        return [Fault('image_id_missing', name, None, None,
                      f"entry {row} of 'images' has no usable id; give it one")]
    faults = []
    if not name:
        faults.append(
            Fault('image_entry', '', image_id, None,
                  f'file_name is {entry.file_name!r}, expected a path; '
                  'add it'))
    for key in ('height', 'width'):
        value = getattr(entry, key)
        if not is_int(value) or value <= 0:
            faults.append(
                Fault('image_entry', name, image_id, None,
                      f'{key} is {value!r}, expected a positive '
                      'number of pixels; correct it'))
    return faults


def read_image_id(entry: dict) -> int | float | str | None:
    """Id of an image's entry, None if there is no usable one."""
    return _image_id(entry.get('id'))


def _image_id(value: Any) -> int | float | str | None:
    """The value if it serves as an image's id, else None."""
    usable = isinstance(value, (int, float, str)) and not isinstance(value, bool)
    return value if usable else None


def read_file_name(entry: dict) -> str:
    """File name of an image's entry, '' if there is no usable one.

    LVIS v1 has no ``file_name``; as stock mmdet does, the path within its
    ``coco_url`` is taken: ``train2017/000000391895.jpg``.
    """
    return _file_name(entry.get('file_name'), entry.get('coco_url'))


def _file_name(name: Any, address: Any) -> str:
    """Choose between an entry's ``file_name`` and its ``coco_url``."""
    if isinstance(name, str) and name:
        return name
    if not isinstance(address, str):
        return ''
    return address.partition('://')[2].partition('/')[2]


def _size(value: Any) -> int:
    """A stated height or width in pixels, 0 if it is not usable."""
    return value if type(value) is int and 0 < value < 2**31 else 0


def _read_categories(source: AnnotationSource,
                     faults: FaultLog) -> list[int]:
    """Category id of each class, in order of the ids."""
    ids = set()
    for row, entry in enumerate(source.entries('categories')):
        category_id = entry.get('id')
        if not is_id(category_id) or not isinstance(entry.get('name'), str):
            faults.add(
                Fault('category_entry', '', None, None,
                      f"entry {row} of 'categories' needs an integer id and a "
                      f'name, found {entry!r:.80}'), (_CATEGORIES, row))
        elif category_id in ids:
            faults.add(
                Fault('category_id_duplicate', '', None, None,
                      f'category id {category_id} occurs more than once; make '
                      'ids unique'), (_CATEGORIES, row))
        if is_id(category_id):
            ids.add(category_id)
    return sorted(ids)
