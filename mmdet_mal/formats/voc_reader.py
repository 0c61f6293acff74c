"""PASCAL VOC: one XML file an image."""

import os
from collections.abc import Sequence
from typing import Any

from mmdet_mal.utils.errors import UserError

from .base import BoxReader
from .box_table import BoxTable, finite
from .image_folder import ImageFolder, look_at
from .option import Option
from .picture import Picture
from .probe import Probe, walk_files
from .progress import watch
from .split import SPLIT, read_split
from .tally import Tally
from .xml import read_xml, root_tag

_CORNERS = ('xmin', 'ymin', 'xmax', 'ymax')


class VocReader(BoxReader):
    """A folder of PASCAL VOC XML files, or a VOC data set, or one file."""

    name = 'voc'
    summary = ('folder of PASCAL VOC XML files (at any depth), or a data set '
               'with Annotations/')
    options = (
        SPLIT,
        Option('corners', 'what xmin … ymax are: pixels counted from 1, both '
               'ends included, as in PASCAL VOC, or edges counted from 0, as '
               'most tools write (default: edges if a coordinate is 0 or a '
               'fraction, else pixels)', choices=('pixels', 'edges')))

    def recognise(self, probe: Probe) -> bool:
        path = probe.path if probe.suffix == '.xml' else None
        if probe.is_folder:
            path = probe.first_file('.xml')
        return path is not None and root_tag(path) == 'annotation'

    def read(self, path: str, images: ImageFolder | None, tally: Tally,
             classes: Sequence[str] | None = None,
             min_box_score: float | None = None, exif: str | None = None,
             split: str | None = None, corners: str | None = None,
             **options: Any) -> dict[str, Any]:
        table = BoxTable(tally, classes, min_box_score, path)
        pending = []
        root, files = _xml_files(path, split)
        for file in watch(files, 'read', 'file'):
            pending += self._read_file(file, root, images, exif, table, tally)
        if corners is None:
            corners = ('edges' if any(value == 0 or value != int(value)
                                      for _, _, box, *_ in pending for value in box)
                       else 'pixels')
            if pending:
                tally.note(f'corners of boxes are taken as {corners} '
                           f'({_MEANING[corners]}); --corners says otherwise')
        first = 1 if corners == 'pixels' else 0
        for picture, image_id, (left, top, right, bottom), label, where, extra in (
                pending):
            bbox = [left - first, top - first,
                    right - left + first, bottom - top + first]
            table.add_box(image_id, label, picture.to_stored(bbox), where, **extra)
        return table.to_coco()

    def _read_file(self, file: str, root: str, images: ImageFolder | None,
                   exif: str | None, table: BoxTable, tally: Tally) -> list[tuple]:
        """Add the image of one file; its objects, not yet added."""
        tree = read_xml(file)
        if tree is None or tree.tag != 'annotation':
            raise UserError(f'{file}: expected <annotation> as its root, found '
                            f'<{getattr(tree, "tag", "")}>; remove the file')
        inside = os.path.dirname(os.path.relpath(file, root))
        stem = os.path.splitext(os.path.basename(file))[0]
        name = (tree.findtext('filename') or '').strip()
        picture = _picture(images, name, inside, stem, file,
                           _stated_size(tree, file), exif)
        image_id = table.add_image(picture.file_name, picture.width,
                                   picture.height, file)
        found = []
        for number, node in enumerate(tree.findall('object'), 1):
            where = f'{file}: object {number}'
            label = (node.findtext('name') or '').strip()
            if not label:
                raise UserError(f'{where}: has no <name>; add it')
            box = node.find('bndbox')
            if box is None:
                tally.add('objects have no <bndbox> (outlines, rotated boxes) '
                          'and are left out', where)
                continue
            values = [finite((box.findtext(key) or '').strip(), where, key)
                      for key in _CORNERS]
            if values[2] < values[0] or values[3] < values[1]:
                raise UserError(f'{where}: its box runs backwards (xmin, ymin, '
                                f'xmax, ymax: {values}); correct it')
            extra = {}
            if (node.findtext('difficult') or '').strip() == '1':
                extra['difficult'] = 1
            found.append((picture, image_id, values, label, where, extra))
        return found


_MEANING = dict(pixels='counted from 1, both ends included',
                edges='counted from 0')


def _xml_files(path: str, split: str | None) -> tuple[str, list[str]]:
    """The folder of the files to read, and the files, in order."""
    if not os.path.isdir(path):
        return os.path.dirname(path) or '.', [path]
    root = os.path.join(path, 'Annotations')
    root = root if os.path.isdir(root) else path
    files = [file for file in walk_files(root) if file.lower().endswith('.xml')]
    if split is not None:
        stems = read_split(os.path.join(path, 'ImageSets', 'Main'), split)
        files = [file for file in files
                 if os.path.splitext(os.path.basename(file))[0] in stems]
        missing = stems - {os.path.splitext(os.path.basename(file))[0]
                           for file in files}
        if missing:
            raise UserError(f'{path}: {len(missing)} images of the split {split} '
                            f'have no XML file, such as {min(missing)}; add them')
    if not files:
        raise UserError(f'{path}: no XML file in it; give the folder of the '
                        'annotations')
    return root, files


def _stated_size(tree: Any, file: str) -> tuple[int, int] | None:
    """Width and height that a file states; None if it states none or 0."""
    values = [(tree.findtext(f'size/{key}') or '0').strip()
              for key in ('width', 'height')]
    width, height = (int(finite(value, file, 'the size')) for value in values)
    return (width, height) if width > 0 and height > 0 else None


def _picture(images: ImageFolder | None, name: str, inside: str, stem: str,
             file: str, stated: tuple[int, int] | None,
             exif: str | None) -> Picture:
    """Find the image of a file by what it says, else by the file's own name."""
    if images is None and not name:
        raise UserError(f'{file}: has no <filename>; give the folder of the '
                        'images with --images')
    # Of equal names in several folders, the one beside the XML file is meant.
    name = name or stem
    return look_at(images, name, file, stated, exif,
                   hints=(os.path.join(inside, name), ) if inside else (),
                   stem=os.path.join(inside, stem))
