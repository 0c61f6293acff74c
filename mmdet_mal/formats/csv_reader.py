"""CSV: a line a box."""

import contextlib
import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TextIO

from mmdet_mal.utils.errors import UserError

from .base import BoxReader
from .box_table import BoxTable, finite
from .csv_columns import BOX_COLUMNS, find_columns, split_columns
from .image_folder import ImageFolder, look_at
from .option import Option
from .picture import Picture
from .probe import Probe
from .tally import Tally

_FORMATS = tuple(BOX_COLUMNS) + tuple(f'{name}n' for name in BOX_COLUMNS)
_NUMBER = re.compile(r'[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?')


class CsvReader(BoxReader):
    """CSV files with a line a box; the header, or the person, names columns."""

    name = 'csv'
    summary = 'CSV or TSV with a line a box; needs --box-format'
    options = (
        Option('box_format', 'what the four numbers are: two corners, corner and '
               'size, or centre and size; in pixels, or (…n) in fractions of '
               'the image; must be given', choices=_FORMATS),
        Option('columns', 'which column is what, where the header does not tell: '
               'image, label, score, image_width, image_height, box (all four '
               'numbers in one), x1, y1, x2, y2, x, y, cx, cy, w, h; a name of '
               'the header, or a number from 1 in a file without header',
               metavar='image=file,label=kind,…', convert=split_columns))

    def recognise(self, probe: Probe) -> bool:
        return probe.suffix in ('.csv', '.tsv')

    def read(self, path: str, images: ImageFolder | None, tally: Tally,
             classes: Sequence[str] | None = None,
             min_box_score: float | None = None, exif: str | None = None,
             box_format: str | None = None,
             columns: Mapping[str, str] | None = None,
             **options: Any) -> dict[str, Any]:
        if box_format is None:
            raise UserError(
                f'{path}: say what its numbers are with --box-format '
                f'({", ".join(_FORMATS)}): two corners (xyxy), corner and size '
                '(xywh) or centre and size (cxcywh), in pixels or (n) fractions')
        kind = box_format.removesuffix('n')
        fractions = box_format.endswith('n')
        table = BoxTable(tally, classes, min_box_score, path)
        pictures: dict[str, Picture] = {}
        with _reading(path) as file:
            rows = csv.reader(file, delimiter=_delimiter(file))
            places = find_columns(rows, kind, columns or {}, path)
            for row in rows:
                where = f'{path}: line {rows.line_num}'
                if not any(cell.strip() for cell in row):
                    continue
                cells = {role: row[place].strip()
                         for role, place in places.items() if place < len(row)}
                name = cells.get('image', '')
                if not name:
                    raise UserError(f'{where}: names no image; correct it')
                if name not in pictures:
                    pictures[name] = look_at(images, name, where,
                                             _stated(cells, where), exif)
                picture = pictures[name]
                image_id = table.add_image(picture.file_name, picture.width,
                                           picture.height, where)
                numbers = _numbers(cells, kind)
                if not any(numbers):
                    tally.add('lines name an image and no box', where)
                    continue
                bbox = _to_xywh([finite(value, where, 'a coordinate')
                                 for value in numbers], kind, where)
                if fractions and max(map(abs, bbox)) > 2:
                    raise UserError(f'{where}: box {numbers} is in pixels, and '
                                    f'--box-format {box_format} says fractions')
                bbox = (picture.from_fractions(bbox) if fractions
                        else picture.to_stored(bbox))
                label = cells.get('label') or _only_class(classes, where)
                score = cells.get('score') or None
                table.add_box(image_id, label, bbox, where, score)
        return table.to_coco()


@contextlib.contextmanager
def _reading(path: str) -> Iterator[TextIO]:
    """Open a text file; errors say which."""
    try:
        with open(path, encoding='utf-8-sig', newline='') as file:
            yield file
    except OSError as error:
        raise UserError(f'{path}: cannot be read: {error.strerror}') from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f'{path}: cannot be read as CSV in UTF-8: {error}; save '
                        'it again') from None


def _delimiter(file: TextIO) -> str:
    """The one of ',', ';', tab and '|' that the first line has most of."""
    line = file.readline()
    file.seek(0)
    return max(',;\t|', key=line.count)


def _stated(cells: Mapping[str, str], where: str) -> tuple[float, float] | None:
    """Size of the image that a line states."""
    if not cells.get('image_width') or not cells.get('image_height'):
        return None
    return (finite(cells['image_width'], where, 'the width of the image'),
            finite(cells['image_height'], where, 'the height of the image'))


def _numbers(cells: Mapping[str, str], kind: str) -> list[str]:
    """The four numbers of a line as text; four '' if it has no box."""
    if 'box' in cells:
        return _NUMBER.findall(cells['box']) or [''] * 4
    return [cells.get(role, '') for role in BOX_COLUMNS[kind]]


def _to_xywh(values: Sequence[float], kind: str, where: str) -> list[float]:
    """Corner and size of a box in any of the three forms."""
    if len(values) != 4:
        raise UserError(f'{where}: the box has {len(values)} numbers, expected 4')
    a, b, c, d = values
    if kind == 'xyxy':
        if c < a or d < b:
            raise UserError(
                f'{where}: corners {list(values)} run backwards; correct the '
                'line, or --box-format if the numbers are no two corners')
        return [a, b, c - a, d - b]
    if kind == 'cxcywh':
        return [a - c / 2, b - d / 2, c, d]
    return list(values)


def _only_class(classes: Sequence[str] | None, where: str) -> str:
    """The class of a line that names none."""
    if classes is not None and len(classes) == 1:
        return classes[0]
    raise UserError(f'{where}: names no class; correct it, name the column with '
                    '--columns label=…, or give the one class that there is with '
                    '--classes')
