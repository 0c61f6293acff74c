"""Reads annotations of a COCO file into columns and judges them.

Whole columns are checked at once, so that 860,001 annotations take seconds;
Python looks only at the rows that fail.
"""

from itertools import chain

import numpy as np

from .coco_records import BoxRecord
from .columns import BoxColumns
from .fault import ANNOTATION_ERRORS, Fault
from .id_column import IdLookup, is_id
from .image_table import ImageTable

# A box may stick out by this many pixels of rounding without being reported
# as clipped; it is clipped all the same.
ROUNDING = .5
# Narrower boxes, in pixels, count as having no area: their edges would become
# one number in float32 xyxy.
MIN_SIDE = .01


class AnnotationReader:
    """Reads one block of annotations and judges it.

    What only the whole file shows, ids that occur twice, is not judged here.

    Args:
        annotations (list[BoxRecord]): Consecutive entries of the file.
        first_row (int): Position of the first of them in the file.
        images (ImageTable): The images of the file.
        image_rows (IdLookup): Finds their rows by id.
        classes (IdLookup): Finds class indices by category id.

    Attributes:
        ann_ids (np.ndarray): Shape (n,), int64; -1 if there is none.
        image_index (np.ndarray): Row in ``images``, shape (n,), int32; -1 if
            unknown.
        labels (np.ndarray): Class index, shape (n,), int64; 0 if unknown.
        boxes_xywh (np.ndarray): Boxes clipped to their image, shape (n, 4),
            float32; 0 where a box is faulty.
        flags (np.ndarray): As :class:`.columns.BoxColumns` has them.
        faults (list[tuple[tuple[int, int], Fault]]): Each with its place: the
            row in the file and the rank of its kind.
    """

    def __init__(self, annotations: list[BoxRecord], first_row: int,
                 images: ImageTable, image_rows: IdLookup,
                 classes: IdLookup) -> None:
        count = len(annotations)
        self.annotations = annotations
        self.first_row = first_row
        self.images = images
        self.faults: list[tuple[tuple[int, int], Fault]] = []
        self._faulty = np.zeros(count, dtype=bool)
        self._errors = np.zeros(count, dtype=np.uint8)
        self._malformed = np.zeros(count, dtype=bool)
        self._no_id = np.zeros(count, dtype=bool)
        self._crowd = np.array(
            [a.iscrowd == 1 for a in annotations], dtype=bool)  # as is_crowd does
        # In this order, which is that of ANNOTATION_ERRORS.
        self.image_index = self._read_image_index(image_rows)
        self.ann_ids = self._read_ids()
        self.labels = self._read_labels(classes)
        self._clipped = np.zeros(count, dtype=bool)
        self.boxes_xywh = self._read_boxes()
        self.flags = (
            BoxColumns.CROWD * self._crowd + BoxColumns.CLIPPED * self._clipped
            + BoxColumns.FAULTY * self._faulty + BoxColumns.NO_ID * self._no_id
            + (self._errors << BoxColumns.ERROR_SHIFT)).astype(np.uint8)

    def _add(self, row: int, kind: str, message: str,
             severity: str = 'error') -> None:
        image = self.image_index[row]
        file = self.images.file_names[image] if image >= 0 else ''
        place = self.first_row + row
        fault = annotation_fault(self.annotations[row], place, file, kind,
                                 message, severity)
        rank = len(ANNOTATION_ERRORS)
        if severity == 'error':
            rank = ANNOTATION_ERRORS.index(kind)
            self._faulty[row] = True
            self._errors[row] = self._errors[row] or rank + 1
        self.faults.append(((place, rank), fault))

    def _read_image_index(self, image_rows: IdLookup) -> np.ndarray:
        found = image_rows.rows([a.image_id for a in self.annotations])
        self.image_index = found.astype(np.int32)
        for row in np.flatnonzero(found < 0):
            value = self.annotations[row].image_id
            self._add(int(row), 'image_id_unknown',
                      f"image_id {value!r:.40} is not among 'images'; add the "
                      'image or remove the annotation')
        return self.image_index

    def _read_ids(self) -> np.ndarray:
        values = [a.id for a in self.annotations]
        if not set(map(type, values)) <= {int} or not all(
                map(is_id, (min(values, default=0), max(values, default=0)))):
            for row, value in enumerate(values):
                if not is_id(value):
                    values[row] = -1
                    self._no_id[row] = True
                    found = ('is missing' if value is None else
                             f'is {value!r:.40}')
                    self._add(row, 'ann_id_missing',
                              f'id {found}, expected an integer; add one')
        return np.array(values, dtype=np.int64)

    def _read_labels(self, classes: IdLookup) -> np.ndarray:
        labels = classes.rows([a.category_id for a in self.annotations])
        for row in np.flatnonzero(labels < 0):
            value = self.annotations[row].category_id
            self._add(int(row), 'category_id_unknown',
                      f"category_id {value!r:.40} is not among 'categories'; "
                      'add the category or correct the annotation')
        return np.maximum(labels, 0)

    def _read_boxes(self) -> np.ndarray:
        """Read, judge and clip the boxes."""
        boxes = self._parse_boxes()
        known = self.image_index >= 0
        # Row -1 of an unknown image is read and then not used.
        if len(self.images):
            limits = np.stack([self.images.widths[self.image_index],
                               self.images.heights[self.image_index]], axis=1)
            known &= (limits > 0).all(axis=1)
        else:
            limits = np.zeros((len(boxes), 2), dtype=np.int32)
        low, size = boxes[:, :2], boxes[:, 2:]
        finite = np.isfinite(boxes).all(axis=1)
        with np.errstate(invalid='ignore'):
            high = low + size
            reverse = finite & (size < 0).any(axis=1)
            zero = finite & ~reverse & (size < MIN_SIDE).any(axis=1)
            sound = finite & ~reverse & ~zero
            inside_low = np.maximum(low, 0)
            inside_high = np.minimum(high, limits)
            visible = inside_high - inside_low
            outside = sound & known & (visible < MIN_SIDE).any(axis=1)
            change = np.abs(
                np.concatenate([inside_low - low, high - inside_high], axis=1))
        sound &= known & ~outside
        self._clipped = sound & ~self._crowd & (change > ROUNDING).any(axis=1)
        self._report_boxes(finite, reverse, zero, outside)
        moved = sound & (change > 0).any(axis=1)
        # Only boxes that stick out are computed anew: w = (x + w) - x would
        # round the areas of all the others.
        boxes[moved] = np.concatenate([inside_low, visible], axis=1)[moved]
        boxes[~sound] = 0
        self._faulty |= ~sound & ~self._crowd
        return boxes.astype(np.float32)

    def _parse_boxes(self) -> np.ndarray:
        """Boxes as float64, (n, 4), xywh; malformed ones are NaN."""
        raw = [a.bbox for a in self.annotations]
        if (set(map(type, raw)) <= {list} and set(map(len, raw)) <= {4} and
                set(map(type, chain.from_iterable(raw))) <= {int, float}):
            try:
                flat = np.fromiter(
                    chain.from_iterable(raw), np.float64, 4 * len(raw))
                return flat.reshape(-1, 4)
            except OverflowError:  # an integer of more than 308 digits
                pass
        boxes = np.full((len(raw), 4), np.nan)
        for row, value in enumerate(raw):
            try:
                if len(value) != 4 or not set(map(type, value)) <= {int, float}:
                    raise TypeError
                boxes[row] = value
            except (TypeError, OverflowError):
                self._malformed[row] = True
        return boxes

    def _report_boxes(self, finite: np.ndarray, reverse: np.ndarray,
                      zero: np.ndarray, outside: np.ndarray) -> None:
        """Add a fault for each box that is bad or was clipped."""
        malformed = self._malformed
        repair = 'correct the box or remove the annotation'
        kinds = [
            ('bbox_malformed', malformed,
             'is not four numbers [x, y, width, height]'),
            ('bbox_nan', ~finite & ~malformed, 'has a value that is not finite'),
            ('bbox_reversed', reverse, 'has a negative width or height'),
            ('bbox_zero', zero, 'has no area'),
            ('bbox_outside', outside, 'lies wholly outside its image of {} x '
             '{} px (w x h)'),
        ]
        for kind, rows, message in kinds:
            for row in np.flatnonzero(rows & ~self._crowd):
                text = message.format(*self._image_size(row))
                self._add(int(row), kind, f'{self._show_box(row)} {text}; '
                          f'{repair}')
        for row in np.flatnonzero(self._clipped):
            width, height = self._image_size(row)
            self._add(
                int(row), 'bbox_clipped',
                f'{self._show_box(row)} sticks out of its image of {width} x '
                f'{height} px (w x h) and is used clipped to it', 'repair')

    def _show_box(self, row: int) -> str:
        value = self.annotations[row].bbox
        return f'bbox {str(value):.80}'

    def _image_size(self, row: int) -> tuple[int, int]:
        height, width = (
            self.images.shape(self.image_index[row]) if len(self.images) else
            (0, 0))
        return width, height


def is_crowd(annotation: dict) -> bool:
    """Whether an annotation is a crowd region: ``iscrowd`` is 1 or true.

    Anything else makes none: by truth value the text "0" would make one.
    """
    return annotation.get('iscrowd') == 1


def annotation_fault(entry: BoxRecord, row: int, file: str, kind: str,
                     message: str, severity: str = 'error') -> Fault:
    """Describe what is wrong with an annotation.

    Args:
        entry (BoxRecord): The annotation.
        row (int): Its position in the file.
        file (str): File name of its image, '' if unknown.
        kind, message, severity (str): As in :class:`.fault.Fault`.

    Returns:
        Fault: One without a usable id is named by its position.
    """
    ann_id = entry.id
    if not is_id(ann_id):
        ann_id = None
        message = f"entry {row} of 'annotations': {message}"
    return Fault(kind, file, entry.image_id, ann_id, message, severity)
