"""YOLO: a text file an image, boxes in fractions; also predictions."""

import os
from collections.abc import Sequence
from typing import Any

from mmdet_mal.utils.errors import UserError

from .base import BoxReader
from .box_table import BoxTable, finite
from .image_folder import ImageFolder
from .option import Option
from .probe import Probe, walk_files
from .progress import watch
from .shapes import points_bounds
from .split import SPLIT
from .tally import Tally
from .yolo_data import YoloData

# Text files that lie beside labels and are none.
_NO_LABELS = frozenset('classes.txt labels.txt train.txt val.txt test.txt '
                       'obj.names requirements.txt readme.txt'.split())
# Fractions beyond these are no overhang but pixels.
_LOWEST, _HIGHEST = -1., 2.


class YoloReader(BoxReader):
    """YOLO labels and predictions, in the layouts of YOLOv5 and YOLOv8.

    A line is ``class cx cy w h``, with the score behind it in predictions, or
    ``class x1 y1 x2 y2 x3 y3 …``, an outline, which gives its bounds.
    """

    name = 'yolo'
    summary = ('data.yaml, the folder that holds it, or a folder of txt files '
               '(labels or predictions)')
    options = (
        SPLIT,
        Option('data_yaml', 'the data.yaml with the names of the classes, where '
               'it does not lie with the labels', metavar='FILE'))

    def recognise(self, probe: Probe) -> bool:
        if probe.suffix in ('.yaml', '.yml'):
            return True
        if not probe.is_folder:
            return probe.suffix == '.txt' and _is_label_file(probe.path)
        if YoloData.find(probe.path):
            return True
        files = _label_files(probe.path)
        filled = next((file for file in files if os.path.getsize(file)), None)
        return (_is_label_file(filled) if filled else bool(files))

    def read(self, path: str, images: ImageFolder | None, tally: Tally,
             classes: Sequence[str] | None = None,
             min_box_score: float | None = None, exif: str | None = None,
             split: str | None = None, data_yaml: str | None = None,
             **options: Any) -> dict[str, Any]:
        data = YoloData.load(data_yaml or YoloData.find(path))
        root = path
        if data_yaml is None and data is not None:
            root = data.root
        files = ([path] if path.lower().endswith('.txt') and os.path.isfile(path)
                 else _label_files(root))
        names = classes or (data.names if data else None) or (
            _listed_names(root)) or _names_above(path)
        if names is None:
            raise UserError(
                f'{path}: nothing names the classes (no data.yaml, no '
                'classes.txt); give them with --classes A,B,… or --data-yaml')
        if images is None:
            images = ImageFolder(root if os.path.isdir(root)
                                 else os.path.dirname(root) or '.')
            tally.note(f'file names are relative to {images.root}: give that '
                       'folder as --images later on')
        chosen = _choose_images(images, data, split, path)
        labels = _match(files, root, images, chosen, split)
        if not labels and not chosen:
            raise UserError(f'{path}: no label file and no image found; correct '
                            'the path or give --images')
        table = BoxTable(tally, names, min_box_score, path)
        for name in watch(sorted(chosen), 'read', 'image'):
            file = labels.get(name)
            lines = _read_lines(file) if file else []
            # Without a line, it does not matter what EXIF says.
            picture = images.look(name, file or name, None,
                                  exif if lines else 'stored')
            image_id = table.add_image(name, picture.width, picture.height,
                                       file or name)
            if file is None:
                tally.add('images have no label file and are taken as images '
                          'without objects', name)
            for number, words in lines:
                where = f'{file}: line {number}'
                label, bbox, score = _parse(words, names, where, tally)
                table.add_box(image_id, label, picture.from_fractions(bbox),
                              where, score)
        return table.to_coco()


def _label_files(root: str) -> list[str]:
    """Label files below a folder: those within labels/ folders if any, sorted."""
    found = [file for file in walk_files(root) if file.lower().endswith('.txt')
             and os.path.basename(file).lower() not in _NO_LABELS]
    inside = [file for file in found if 'labels' in _parts(file, root)[:-1]]
    return inside or found


def _parts(file: str, root: str) -> list[str]:
    return os.path.relpath(file, root).replace(os.sep, '/').split('/')


def _is_label_file(path: str) -> bool:
    """Whether the first line that is not empty could be YOLO's."""
    try:
        with open(path, encoding='utf-8-sig') as file:
            words = next((line.split() for line in file if line.strip()), None)
        return (words is None
                or (len(words) >= 5 and words[0].isdigit()
                    and all(_LOWEST <= float(word) <= _HIGHEST
                            for word in words[1:])))
    except (OSError, ValueError):
        return False


def _listed_names(root: str) -> list[str] | None:
    """Names of LabelImg's ``classes.txt`` or darknet's ``obj.names``."""
    folder = root if os.path.isdir(root) else os.path.dirname(root)
    for name in ('classes.txt', 'obj.names', 'labels/classes.txt'):
        try:
            with open(os.path.join(folder, name), encoding='utf-8-sig') as file:
                return [line.strip() for line in file if line.strip()]
        except (OSError, UnicodeDecodeError):
            continue
    return None


def _names_above(path: str) -> list[str] | None:
    """Names of the data.yaml above the folder labels/ in which a path lies."""
    parts = os.path.abspath(path).split(os.sep)
    if 'labels' not in parts:
        return None
    last = len(parts) - 1 - parts[::-1].index('labels')
    for end in (last, last - 1):  # Roboflow: above the folder of the part
        data = YoloData.load(YoloData.find(os.sep.join(parts[:end]) or os.sep))
        if data is not None:
            return data.names
    return None


def _choose_images(images: ImageFolder, data: YoloData | None,
                   split: str | None, path: str) -> set[str]:
    """Names of the images to read: all, or those of a part."""
    if split is None:
        return set(images.names)
    if data is not None and split in data.splits:
        wanted = data.images_of(split)
        chosen = {name for name in images.names
                  if os.path.realpath(os.path.join(images.root, name)) in wanted}
    else:
        chosen = {name for name in images.names if split in name.split('/')[:-1]}
    if not chosen:
        raise UserError(f'{path}: no image of the part {split} (--split) below '
                        f'{images.root}; correct it, data.yaml or --images')
    return chosen


def _match(files: Sequence[str], root: str, images: ImageFolder,
           chosen: set[str], split: str | None) -> dict[str, str]:
    """Label file by image name."""
    if split is not None:
        files = [file for file in files
                 if split in _parts(file, root)[:-1]] or files
    labels: dict[str, str] = {}
    for file in files:
        # Absolute: the folders above tell equal names apart too.
        parts = ['images' if part == 'labels' else part
                 for part in os.path.abspath(file).split(os.sep)]
        name = images.find_stem('/'.join(parts)[:-len('.txt')], file)
        if name not in chosen:
            continue
        if name in labels:
            raise UserError(f'{file}: labels {name}, which {labels[name]} labels '
                            'too; remove one')
        labels[name] = file
    return labels


def _read_lines(file: str) -> list[tuple[int, list[str]]]:
    """Number and words of each line that is not empty."""
    try:
        with open(file, encoding='utf-8-sig') as text:
            return [(number, line.split()) for number, line
                    in enumerate(text, 1) if line.strip()]
    except UnicodeDecodeError:
        raise UserError(f'{file}: is not UTF-8 text; remove it from the labels '
                        'or correct it') from None
    except OSError as error:
        raise UserError(f'{file}: cannot be read: {error.strerror}') from None


def _parse(words: Sequence[str], names: Sequence[str], where: str,
           tally: Tally) -> tuple[str, list[float], float | None]:
    """Class, box in fractions (x, y, width, height) and score of a line."""
    if not words[0].isdigit() or int(words[0]) >= len(names):
        raise UserError(f'{where}: class is {words[0]!r:.80}, expected a number '
                        f'from 0 to {len(names) - 1} (of {len(names)} names)')
    values = [finite(word, where, 'a value') for word in words[1:]]
    if len(values) < 4:
        raise UserError(
            f'{where}: {len(words)} values, expected 5 (class and box), 6 (with '
            'score), or a class and an outline of three points or more')
    score = None
    if len(values) % 2:  # a box or an outline, and a score
        score = values.pop()
    odd = [value for value in values if not _LOWEST <= value <= _HIGHEST]
    if odd:
        raise UserError(f'{where}: coordinate {odd[0]:g}, expected a fraction of '
                        'the image; YOLO has no pixels')
    if len(values) == 4:
        cx, cy, width, height = values
        bbox = [cx - width / 2, cy - height / 2, width, height]
    else:
        tally.add('outlines are taken by their bounds', where)
        bbox = points_bounds(list(zip(values[::2], values[1::2], strict=True)),
                             where)
    return names[int(words[0])], bbox, score
