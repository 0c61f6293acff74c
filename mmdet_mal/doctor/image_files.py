"""Looks at the image files that an annotation file names."""

import hashlib
import io
import os
from array import array
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tqdm import tqdm

from mmdet_mal.datasets.annotations import AnnotationError
from mmdet_mal.datasets.image_access import (is_local, missing_images,
                                             read_bytes, source_name)
from mmdet_mal.datasets.image_source import join_image_path
from mmdet_mal.datasets.images import (ImageSizeError, check_size,
                                       find_truncation, look_at_image,
                                       read_image)

from .diagnosis import Diagnosis
from .finding import Finding
from .folders import Folders, is_absolute
from .image_facts import ImageFacts, read_facts
from .image_table import ImageTable
from .kinds import LEFT, REPAIRED
from .missing_images import describe_all_missing

# Opening files is mostly waiting, on network storage all the more.
_THREADS = 8
# Images that are looked at before their findings are written down.
_BLOCK = 512
# Images that an archive or a server is asked for at once.
_ASKED = 1 << 14


@dataclass
class Look:
    """What came of looking at one image file.

    Attributes:
        row (int): Of the image.
        broken (tuple[str, str] | None): Kind and message if it cannot be
            used.
        other_size (str): Message if it is of another size than stated.
        facts (ImageFacts | None): What its header says.
    """
    row: int
    broken: tuple[str, str] | None = None
    other_size: str = ''
    facts: ImageFacts | None = None


@dataclass
class ImageFiles:
    """Looks for and at the files of all images.

    Args:
        images (ImageTable): Gets the repairs.
        diagnosis (Diagnosis): Gets the findings.
        image_dir (str): Folder or address of the images.
        check (str): 'exists', 'headers' or 'decode'.
        backend_args (dict, optional): File backend of mmengine.
        progress (bool): Whether to show a bar.

    Attributes:
        other_sizes (list[Look]): Images of another size than stated, to be
            judged when their boxes are known.
    """
    images: ImageTable
    diagnosis: Diagnosis
    image_dir: str
    check: str
    backend_args: dict | None = None
    progress: bool = False
    other_sizes: list[Look] = field(default_factory=list)
    # Images that are where their file name says.
    _as_named: int = 0

    def run(self) -> None:
        """Look at everything."""
        local = is_local(self.image_dir, self.backend_args)
        rows = array('i', (
            row for row in range(len(self.images))
            if self.images.name(row) and not self.images.is_dropped(row)))
        there = self._look_local(rows) if local else self._look_remote(rows)
        if len(rows) and not self._as_named:
            self._report_all_missing(rows[0], len(rows), len(there))
        if self.check == 'exists':
            # A header says what an entry does not.
            there = array('i', (row for row in there
                                if row in self.images.sizeless))
        bar = tqdm(total=len(there), unit='image', desc='looking at images',
                   disable=not self.progress or self.check == 'exists',
                   mininterval=.5)
        with bar, ThreadPoolExecutor(_THREADS) as pool:
            for first in range(0, len(there), _BLOCK):
                block = there[first:first + _BLOCK]
                for look in pool.map(self._look, block):
                    self._report(look)
                bar.update(len(block))
        if self.check != 'exists' and local:
            self._find_identical(there)

    def _path(self, row: int) -> str:
        """Path of the file by its repaired name."""
        return join_image_path(self.image_dir, self.images.name(row))

    def _find(self, row: int, kind: str, message: str, fix: str = LEFT) -> None:
        self.diagnosis.add(Finding(
            kind, message, fix, file=self.images.file_names[row],
            image_id=self.images.ids[row], entry=row))

    # ------------------------------------------------------------- is it there
    def _look_local(self, rows: array) -> array:
        """Look for files in folders; rows of those that are there."""
        folders = Folders(self.image_dir)
        there = array('i')
        for row in rows:
            name = self.images.name(row)
            if folders.exists(name):
                self._as_named += 1
                there.append(row)
                self._judge_name(row, name)
            elif (found := folders.search(name)) is not None:
                kind, new_name = found
                self._find(row, kind, f'the file is {new_name}', REPAIRED)
                self.images.edit(row, file_name=new_name)
                there.append(row)
            else:
                self._report_missing(row, 'no such file')
        for path in folders.others(map(self._path, there)):
            self.diagnosis.count('image_not_listed', file=path)
        return there

    def _judge_name(self, row: int, name: str) -> None:
        """Report names that work here and may not elsewhere."""
        if is_absolute(name):
            inside = os.path.relpath(name, os.path.abspath(self.image_dir))
            below = not inside.startswith(os.pardir) and bool(self.image_dir)
            if below:
                self.images.edit(row, file_name=inside)
            self._find(row, 'file_name_absolute', f'it is {inside} in the image '
                       'folder' if below else 'it is not in the image folder',
                       REPAIRED if below else LEFT)
        elif os.pardir in name.split('/'):
            self._find(row, 'file_name_parent', 'it leaves a folder')

    def _look_remote(self, rows: array) -> array:
        """Ask an archive or a server; rows of the files that are there."""
        where = source_name(self.backend_args) or self.image_dir
        there = array('i')
        for first in range(0, len(rows), _ASKED):
            block = rows[first:first + _ASKED]
            gone = set(missing_images(list(map(self._path, block)),
                                      self.backend_args))
            for i, row in enumerate(block):
                if i in gone:
                    self._report_missing(row, f'not in {where}')
                else:
                    there.append(row)
        self._as_named = len(there)
        return there

    def _report_all_missing(self, row: int, number: int, mended: int) -> None:
        """Report that a label run would find no image; ``row``: an example."""
        self.diagnosis.add(Finding(
            'images_all_missing', describe_all_missing(
                self.image_dir, self.backend_args, self.images.file_names[row],
                number, mended), REPAIRED if mended else LEFT))

    def _report_missing(self, row: int, message: str) -> None:
        self._find(row, 'image_missing', f'{self._path(row)}: {message}')

    # -------------------------------------------------------- what is in there
    def _look(self, row: int) -> Look:
        """Look at one file (in a thread: writes nothing down)."""
        look = Look(row)
        path, who = self._path(row), f'image {self.images.ids[row]}'
        stated = self.images.shape(row)
        try:
            if self.check == 'decode':
                img = read_image(path, who, backend_args=self.backend_args)
                check_size(path, who, img.shape[:2], stated)
            else:
                look_at_image(path, who, stated, self.backend_args)
        except ImageSizeError as error:
            look.other_size = str(error)[len(path) + 2:]
        except AnnotationError as error:
            look.broken = (self._name_breakage(path),
                           str(error)[len(path) + 2:])
            return look
        look.facts = self._facts(path)
        return look

    def _facts(self, path: str) -> ImageFacts | None:
        """Header of a file; None where Pillow does not know it."""
        try:
            if is_local(path, self.backend_args):
                with open(path, 'rb') as file:
                    return read_facts(file, path)
            if self.check == 'decode' or source_name(self.backend_args):
                return read_facts(
                    io.BytesIO(read_bytes(path, self.backend_args)), path)
        except (OSError, ValueError):
            pass
        return None

    def _name_breakage(self, path: str) -> str:
        try:
            cut = find_truncation(read_bytes(path, self.backend_args))
        except OSError:
            cut = ''
        return 'image_truncated' if cut else 'image_unreadable'

    def _report(self, look: Look) -> None:
        """Write down what one look has shown."""
        if look.broken is not None:
            self._find(look.row, *look.broken)
            return
        if look.facts is not None:
            if self.check != 'exists':
                for kind, message in look.facts.oddities:
                    self._find(look.row, kind, message)
            if look.row in self.images.sizeless:
                height, width = look.facts.size
                found = self.images.sizeless.pop(look.row)
                self.images.edit(look.row, height=height, width=width)
                self._find(look.row, 'image_size_missing', f'{found}; the file '
                           f'is {width} x {height} px (w x h)', REPAIRED)
                return
        if look.other_size and look.row not in self.images.sizeless and (
                self.check != 'exists'):
            self.other_sizes.append(look)

    # ------------------------------------------------------------ after boxes
    def judge_sizes(self) -> None:
        """Judge stated sizes, now that it is known how far boxes reach."""
        images = self.images
        for look in self.other_sizes:
            row, stated = look.row, images.shape(look.row)
            found = look.facts.size if look.facts else None
            swapped = found == stated[::-1]
            fits = found is not None and (images.right[row] <= found[1] + 1
                                          and images.bottom[row] <= found[0] + 1)
            explained = swapped and look.facts.turned
            mend = fits and not explained
            if mend and 'height' not in (images.edits.get(row) or {}):
                images.edit(row, height=found[0], width=found[1])
            self._find(row, 'image_size_swapped' if swapped else 'image_size',
                       look.other_size, REPAIRED if mend else LEFT)

    # ----------------------------------------------------------------- copies
    def _find_identical(self, rows: array) -> None:
        """Report files of the same bytes; only files of one length are read.
        """
        lengths: dict[int, list[int]] = {}
        for row in rows:
            try:
                lengths.setdefault(
                    os.path.getsize(self._path(row)), []).append(row)
            except OSError:  # gone since
                continue
        for same in lengths.values():
            if len(same) < 2:
                continue
            first_of: dict[bytes, int] = {}
            for row, digest in self._digests(same):
                first = first_of.setdefault(digest, row)
                if self._path(first) != self._path(row):
                    self._find(row, 'image_identical', 'the same bytes as '
                               f'{self.images.file_names[first]}')

    def _digests(self, rows: list[int]) -> Iterator[tuple[int, bytes]]:
        for row in rows:
            try:
                with open(self._path(row), 'rb') as file:
                    digest = hashlib.file_digest(file, hashlib.blake2b).digest()
            except OSError:
                continue
            yield row, digest
