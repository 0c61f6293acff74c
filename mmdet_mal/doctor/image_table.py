"""The images of an annotation file, their faults and their repairs."""

import copy
import math
from array import array
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from mmdet_mal.datasets.id_column import IdColumn, IdLookup, is_int
from mmdet_mal.datasets.parsing import read_file_name, read_image_id
from mmdet_mal.datasets.text_column import TextColumn

from .diagnosis import Diagnosis
from .finding import Finding
from .json_source import JsonSource
from .kinds import DROPPED, LEFT, REPAIRED
from .repeated import repeated
from .values import as_integer

_SIDES = ('height', 'width')


class ImageTable:
    """Images by row, and what ``--fix`` changes in their entries.

    An image takes 64 bytes and the UTF-8 of its file name, 16 of them for
    finding it by its id, if all ids are integers.

    Args:
        ids (Iterable[Any]): Image ids as in the file, None where unusable.
        file_names (Iterable[str]): '' where there is none.

    Attributes:
        ids, file_names (Sequence): As above.
        heights, widths (array): Stated sizes in pixels, 0 if unknown.
        edits (dict[int, dict | None]): By row, the keys that ``--fix`` sets;
            None drops the entry.
        num_boxes, num_beyond (array): Boxes of each image, and those that
            stick out of it.
        right, bottom (array): Furthest edges of its boxes in pixels.
        sizeless (dict[int, str]): Rows without a stated size, and what is
            there instead.
    """

    def __init__(self, ids: Iterable[Any], file_names: Iterable[str]) -> None:
        self.ids = IdColumn(ids)
        self.file_names = TextColumn(file_names)
        self._lookup = IdLookup(self.ids)
        self.heights = array('i', bytes(4 * len(self)))
        self.widths = array('i', bytes(4 * len(self)))
        self.edits: dict[int, dict | None] = {}
        self.sizeless: dict[int, str] = {}
        self.resized = False
        self._count_from_zero()

    def __len__(self) -> int:
        return len(self.ids)

    def row(self, image_id: Any) -> int:
        """First row of an image id, -1 if there is none."""
        return self._lookup.row(image_id)

    def shape(self, row: int) -> tuple[int, int]:
        """Stated height and width of an image, 0 where unknown."""
        return self.heights[row], self.widths[row]

    def name(self, row: int) -> str:
        """File name as ``--fix`` would leave it."""
        return (self.edits.get(row) or {}).get('file_name',
                                               self.file_names[row])

    def is_dropped(self, row: int) -> bool:
        """Whether ``--fix`` drops the image."""
        return row in self.edits and self.edits[row] is None

    def edit(self, row: int, **values: Any) -> None:
        """Let ``--fix`` set keys of an entry."""
        if not self.is_dropped(row):
            self.edits.setdefault(row, {}).update(values)
            self.resized |= 'height' in values or 'width' in values

    def add_box(self, row: int, right: float, bottom: float,
                beyond: bool) -> None:
        """Remember how far a box of an image reaches."""
        self.num_boxes[row] += 1
        self.num_beyond[row] += beyond
        if right > self.right[row]:
            self.right[row] = right
        if bottom > self.bottom[row]:
            self.bottom[row] = bottom

    def with_repaired_sizes(self) -> 'ImageTable':
        """The table as it will be after ``--fix``, boxes not yet counted."""
        table = copy.copy(self)
        table.heights, table.widths = self.heights[:], self.widths[:]
        for row, edit in self.edits.items():
            table.heights[row] = (edit or {}).get('height', table.heights[row])
            table.widths[row] = (edit or {}).get('width', table.widths[row])
        table._count_from_zero()
        return table

    def _count_from_zero(self) -> None:
        self.num_boxes = array('i', bytes(4 * len(self)))
        self.num_beyond = array('i', bytes(4 * len(self)))
        self.right = array('d', bytes(8 * len(self)))
        self.bottom = array('d', bytes(8 * len(self)))


def read_images(source: JsonSource, diagnosis: Diagnosis) -> ImageTable:
    """Read and judge the entries of 'images'.

    Args:
        source (JsonSource): The file.
        diagnosis (Diagnosis): Gets the findings.

    Returns:
        ImageTable: All entries, those that are no object included.
    """
    # Read once for each column: nothing is gathered in lists meanwhile.
    table = ImageTable(_ids(source), _file_names(source))
    candidates = _repeated_names(table)
    names: dict[str, int] = {}
    nameless = []
    for row, entry in enumerate(source.entries('images')):
        if not isinstance(entry, dict):
            diagnosis.add(Finding(
                'entry_type', f"entry {row} of 'images' is a "
                f'{type(entry).__name__}', DROPPED, entry=row))
            table.edits[row] = None
            continue
        name, image_id = read_file_name(entry), read_image_id(entry)
        who = dict(file=name, entry=row)
        if image_id is None:
            nameless.append((row, who, entry.get('id')))
        else:
            who['image_id'] = image_id
            _judge_id(table, row, who, diagnosis)
        if not name:
            diagnosis.add(Finding(
                'file_name_missing',
                f"file_name is {entry.get('file_name')!r:.60}", LEFT, **who))
        elif (candidates[row] and not table.is_dropped(row)
              and names.setdefault(name, row) != row):
            diagnosis.add(Finding(
                'file_name_duplicate',
                f'entry {names[name]} names the same file', **who))
        _judge_size(table, row, entry, who, diagnosis)
    _number(table, nameless, diagnosis)
    return table


def _ids(source: JsonSource) -> Iterator[Any]:
    for entry in source.entries('images'):
        yield read_image_id(entry) if isinstance(entry, dict) else None


def _file_names(source: JsonSource) -> Iterator[str]:
    for entry in source.entries('images'):
        yield read_file_name(entry) if isinstance(entry, dict) else ''


def _repeated_names(table: ImageTable) -> np.ndarray:
    """Which file names may occur more than once, shape (images,), bool.

    Nearly always none: a dict of all names would take 150 bytes an image.
    """
    hashes = np.fromiter(map(hash, table.file_names), np.int64, len(table))
    candidates = np.zeros(len(table), dtype=bool)
    candidates[repeated(hashes)] = True
    return candidates


def _is_size(value: Any) -> bool:
    return is_int(value) and 0 < value < 2**31


def _judge_id(table: ImageTable, row: int, who: dict,
              diagnosis: Diagnosis) -> None:
    """Look whether an id has occurred before."""
    first = table.row(who['image_id'])
    if first in (row, -1):  # NaN equals nothing, itself included
        return
    same = table.file_names[first] == table.file_names[row] != ''
    if same:
        table.edits[row] = None
    diagnosis.add(Finding(
        'image_id_duplicate', f'entry {first} ({table.file_names[first]}) has '
        'this id too', DROPPED if same else LEFT, **who))


def _judge_size(table: ImageTable, row: int, entry: dict, who: dict,
                diagnosis: Diagnosis) -> None:
    """Read height and width; report those that are no positive integers."""
    bad = []
    for side, column in zip(_SIDES, (table.heights, table.widths), strict=True):
        if _is_size(entry.get(side)):
            column[row] = entry[side]
        else:
            bad.append(side)
    if not bad:
        return
    found = ', '.join(f'{side} is {entry.get(side)!r:.40}' for side in bad)
    meant = {side: as_integer(entry.get(side)) for side in bad}
    if all(value is not None and _is_size(value) for value in meant.values()):
        table.edit(row, **meant)
        diagnosis.add(Finding('image_size_missing', found, REPAIRED, **who))
    else:  # the image file may tell
        table.sizeless[row] = found


def _number(table: ImageTable, nameless: list[tuple], diagnosis: Diagnosis
            ) -> None:
    """Give the next free ids to images without one."""
    if not nameless:
        return
    # 12.0 and 12 are one id; an infinite one takes no number.
    taken = [id_ for id_ in table.ids
             if isinstance(id_, (int, float)) and math.isfinite(id_)]
    free = max(math.floor(max(taken, default=0)), 0) + 1
    for number, (row, who, found) in enumerate(nameless):
        table.edit(row, id=free + number)
        diagnosis.add(Finding('image_id_missing', f'id is {found!r:.60}',
                              REPAIRED, **who))
