"""Reads the annotations of a COCO file into columns and judges them.

Whole columns are checked at once, so that 860,001 annotations take seconds;
Python looks only at the rows that fail.
"""

from itertools import chain
from typing import Any

import numpy as np

from .columns import ImageTable
from .fault import Fault

# A box may stick out by this many pixels of rounding without being reported
# as clipped; it is clipped all the same.
ROUNDING = .5
# Narrower boxes, in pixels, count as having no area: their edges would become
# one number in float32 xyxy.
MIN_SIDE = .01


class AnnotationReader:
    """Reads the annotations column by column and collects their faults.

    Args:
        annotations (list[dict]): Entries of the file.
        images (ImageTable): Its images.

    Attributes:
        ann_ids (np.ndarray): Shape (n,), int64; -1 if there is none.
        image_index (np.ndarray): Row in ``images``, shape (n,), int32; -1 if
            unknown.
        labels (np.ndarray): Class index, shape (n,), after
            :meth:`read_labels`.
        boxes_xywh (np.ndarray): Boxes clipped to their image, shape (n, 4),
            float32, after :meth:`read_boxes`; 0 where a box is faulty.
        crowd, clipped, faulty (np.ndarray): Shape (n,), bool.
    """

    def __init__(self, annotations: list[dict], images: ImageTable) -> None:
        self.annotations = annotations
        self.images = images
        self.faulty = np.zeros(len(annotations), dtype=bool)
        self.clipped = np.zeros(len(annotations), dtype=bool)
        self._malformed = np.zeros(len(annotations), dtype=bool)
        self._faults = []  # (row, Fault)
        # While the images are looked up, no fault can name one.
        self.image_index = np.full(len(annotations), -1, dtype=np.int32)
        self.crowd = np.array([bool(a.get('iscrowd')) for a in annotations],
                              dtype=bool)
        self.image_index = self._read_image_index()
        self.ann_ids = self._read_ids()

    def sorted_faults(self) -> list[Fault]:
        """Faults in the order of the file."""
        return [f for _, f in sorted(self._faults, key=lambda pair: pair[0])]

    def _add(self, row: int, kind: str, message: str,
             severity: str = 'error') -> None:
        entry = self.annotations[row]
        ann_id, image_id = entry.get('id'), entry.get('image_id')
        file = ''
        if self.image_index[row] >= 0:
            file = self.images.file_names[self.image_index[row]]
        if not is_id(ann_id):
            ann_id = None
            message = f"entry {row} of 'annotations': {message}"
        self._faults.append(
            (row, Fault(kind, file, image_id, ann_id, message, severity)))
        if severity == 'error':
            self.faulty[row] = True

    def _read_ids(self) -> np.ndarray:
        values = [a.get('id') for a in self.annotations]
        usable = np.arange(len(values))
        if not set(map(type, values)) <= {int} or not all(
                map(is_id, (min(values, default=0), max(values, default=0)))):
            for row, value in enumerate(values):
                if not is_id(value):
                    values[row] = None
                    found = ('is missing' if value is None else
                             f'is {value!r:.40}')
                    self._add(row, 'ann_id_missing',
                              f'id {found}, expected an integer; add one')
            usable = np.array([i for i in usable if values[i] is not None],
                              dtype=np.int64)
            values = [-1 if value is None else value for value in values]
        ids = np.array(values, dtype=np.int64)
        _, inverse, counts = np.unique(
            ids[usable], return_inverse=True, return_counts=True)
        if len(counts) == len(usable):
            return ids
        repeats = counts[inverse]
        for row, times in zip(
                usable[repeats > 1], repeats[repeats > 1], strict=True):
            self._add(int(row), 'ann_id_duplicate',
                      f'this id occurs {times} times; make ids unique')
        return ids

    def _read_image_index(self) -> np.ndarray:
        index = {}
        for i, image_id in enumerate(self.images.ids):
            if image_id is not None:
                index.setdefault(image_id, i)
        found = _look_up(index, [a.get('image_id') for a in self.annotations])
        for row in np.flatnonzero(found < 0):
            value = self.annotations[row].get('image_id')
            self._add(int(row), 'image_id_unknown',
                      f"image_id {value!r:.40} is not among 'images'; add the "
                      'image or remove the annotation')
        return found.astype(np.int32)

    def read_labels(self, classes: dict) -> None:
        """Look up the class index of each annotation.

        Args:
            classes (dict): Class index by category id.
        """
        labels = _look_up(classes,
                          [a.get('category_id') for a in self.annotations])
        for row in np.flatnonzero(labels < 0):
            value = self.annotations[row].get('category_id')
            self._add(int(row), 'category_id_unknown',
                      f"category_id {value!r:.40} is not among 'categories'; "
                      'add the category or correct the annotation')
        kind = np.int16 if len(classes) < 2**15 else np.int32
        self.labels = np.maximum(labels, 0).astype(kind)

    def read_boxes(self) -> None:
        """Read, judge and clip the boxes."""
        boxes = self._parse_boxes()
        known = self.image_index >= 0
        # Row -1 of an unknown image is read and then not used.
        heights, widths = self.images.heights, self.images.widths
        if len(self.images):
            limits = np.stack([widths, heights], axis=1)[self.image_index]
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
        self.clipped = sound & ~self.crowd & (change > ROUNDING).any(axis=1)
        self._report_boxes(finite, reverse, zero, outside)
        moved = sound & (change > 0).any(axis=1)
        # Only boxes that stick out are computed anew: w = (x + w) - x would
        # round the areas of all the others.
        boxes[moved] = np.concatenate([inside_low, visible], axis=1)[moved]
        boxes[~sound] = 0
        self.faulty |= ~sound & ~self.crowd
        self.boxes_xywh = boxes.astype(np.float32)

    def _parse_boxes(self) -> np.ndarray:
        """Boxes as float64, (n, 4), xywh; malformed ones are NaN."""
        raw = [a.get('bbox') for a in self.annotations]
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
            for row in np.flatnonzero(rows & ~self.crowd):
                text = message.format(*self._image_size(row))
                self._add(int(row), kind, f'{self._show_box(row)} {text}; '
                          f'{repair}')
        for row in np.flatnonzero(self.clipped):
            width, height = self._image_size(row)
            self._add(
                int(row), 'bbox_clipped',
                f'{self._show_box(row)} sticks out of its image of {width} x '
                f'{height} px (w x h) and is used clipped to it', 'repair')

    def _show_box(self, row: int) -> str:
        value = self.annotations[row].get('bbox', 'missing')
        return f'bbox {str(value):.80}'

    def _image_size(self, row: int) -> tuple[int, int]:
        height, width = (
            self.images.shape(self.image_index[row]) if len(self.images) else
            (0, 0))
        return width, height


def is_int(value: Any) -> bool:
    """Whether a value is an integer, and not a truth value."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_id(value: Any) -> bool:
    """Whether a value serves as an id: an integer that fits 64 bits."""
    return is_int(value) and -2**63 <= value < 2**63


def _look_up(index: dict, keys: list[Any]) -> np.ndarray:
    """Values of an index of integers, shape (n,), int64; -1 if unknown."""
    try:
        found = [index.get(key, -1) for key in keys]
    except TypeError:  # a list or an object where an id belongs
        found = [
            index.get(key, -1) if isinstance(key, (int, float, str)) else -1
            for key in keys
        ]
    return np.array(found, dtype=np.int64)
