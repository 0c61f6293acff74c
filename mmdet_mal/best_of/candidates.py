"""Masks of several tools for the same boxes, set aside on disk by box."""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mmdet_mal.datasets.annotation_file import AnnotationFile
from mmdet_mal.datasets.annotation_reader import is_crowd
from mmdet_mal.datasets.id_column import IdColumn, IdLookup, is_id
from mmdet_mal.labelling.progress import show_progress
from mmdet_mal.structures.rle import RLE, segmentation_to_rle
from mmdet_mal.utils.errors import UserError
from mmdet_mal.visualization.mask_columns import noted
from mmdet_mal.visualization.review.spool import MaskSpool

# Boxes are copied, never computed; formatted anew they may lose a last digit.
_BOX_TOLERANCE_PX = .01


class CandidateFiles:
    """The candidates of each box, and what the files agree on.

    Every file is read once as a stream and compared with the first one: the
    boxes must be the same, by id.  Memory holds 73 bytes a box and 8 more a
    file; the masks wait in temporary files.

    Args:
        files: path of each masks JSON by the name of its source.
        folder: for the temporary files; exists and is removed by the caller.
        missing: ``'error'`` refuses a file that lacks a box of the first one,
            ``'skip'`` chooses among the others there.

    Raises:
        UserError: fewer than two files, or one that is of other boxes, lacks
            some, or has a mask that cannot be read; names file and id.
    """

    def __init__(self, files: Mapping[str, str], folder: str,
                 missing: str = 'error') -> None:
        if len(files) < 2:
            raise UserError('best-of chooses between two or more masks JSON '
                            f'files, got {len(files)}')
        if missing not in ('error', 'skip'):
            raise ValueError(f"missing must be 'error' or 'skip', got {missing!r}")
        self.names = list(files)
        self._paths = dict(files)
        self.source = AnnotationFile(files[self.names[0]])
        self._read_images()
        self._read_boxes()
        self._spools = [MaskSpool(os.path.join(folder, f'{i}.masks'), len(self))
                        for i in range(len(files))]
        for name, spool in zip(self.names, self._spools, strict=True):
            self._read_masks(name, spool, missing)

    def __len__(self) -> int:
        return len(self._ids)

    def close(self) -> None:
        """Close the temporary files."""
        for spool in self._spools:
            spool.close()

    def row(self, ann_id: Any) -> int:
        """Row of an annotation id, -1 if there is none."""
        return self._lookup.row(ann_id)

    def ann_id(self, row: int) -> int:
        """Annotation id of a row."""
        return self._ids[row]

    def box(self, row: int) -> list[float]:
        """Box of a row, xywh in image px."""
        return self._boxes[row].tolist()

    def by_image(self) -> Iterator[tuple[str, list[int]]]:
        """File name of each image with boxes to choose for, and their rows."""
        rows = np.flatnonzero(self._wanted)
        order = rows[np.argsort(self._images[rows], kind='stable')]
        cuts = np.flatnonzero(np.diff(self._images[order])) + 1
        for part in np.split(order, cuts):
            if len(part):
                yield self._file_names[self._images[part[0]]], part.tolist()

    @property
    def count(self) -> int:
        """Number of boxes to choose for: neither crowds nor faulty."""
        return int(self._wanted.sum())

    def image_size(self, row: int) -> tuple[int, int]:
        """Stated (height, width) of the image of a row."""
        return self._sizes[self._images[row]]

    def of(self, row: int) -> dict[str, tuple[RLE, str | None]]:
        """Candidates of a box.

        Returns:
            By name of the source, mask and kind of fallback, None if the mask
            is none; in the order of the files.
        """
        found = {}
        for name, spool in zip(self.names, self._spools, strict=True):
            if row in spool:
                counts, fallback = spool.get(row)
                found[name] = dict(size=list(self.image_size(row)),
                                   counts=counts), fallback
        return found

    def _read_images(self) -> None:
        """Sizes and file names of the first file's images."""
        self._sizes, self._file_names, ids = [], [], []
        for image in self.source.entries('images'):
            height, width = image.get('height'), image.get('width')
            sound = all(type(v) is int and v > 0 for v in (height, width))
            ids.append(image.get('id') if sound else None)
            self._sizes.append((height, width) if sound else (0, 0))
            self._file_names.append(str(image.get('file_name', '')))
        self._image_rows = IdLookup(ids)
        self._image_ids = ids

    def _read_boxes(self) -> None:
        """Ids, boxes and images of the first file's annotations."""
        count = self.source.count('annotations')
        self._boxes = np.full((count, 4), np.nan)
        self._images = np.full(count, -1, np.int64)
        self._categories = np.zeros(count, np.int64)
        self._crowds = np.zeros(count, bool)
        ids = []
        for row, ann in enumerate(self.source.entries('annotations')):
            ids.append(ann.get('id'))
            self._boxes[row] = _box(ann)
            self._images[row] = self._image_rows.row(ann.get('image_id'))
            self._categories[row] = _category(ann)
            self._crowds[row] = is_crowd(ann)
        self._ids = IdColumn(ids)
        self._lookup = IdLookup(self._ids)
        sound = np.isfinite(self._boxes).all(axis=1) & (
            self._boxes[:, 2:] > 0).all(axis=1)
        has_id = np.array([is_id(value) for value in ids], bool)
        self._wanted = ~self._crowds & sound & has_id & (self._images >= 0)

    def _read_masks(self, name: str, spool: MaskSpool, missing: str) -> None:
        """Compare a file with the first one and set its masks aside."""
        path = self._paths[name]
        source = AnnotationFile(path)
        image_ids = dict(enumerate(self._image_ids))
        seen = np.zeros(len(self), bool)
        strangers = 0
        stranger = None
        for ann in show_progress(source.entries('annotations'),
                                 source.count('annotations'),
                                 f'read {name}'):
            row = self._lookup.row(ann.get('id'))
            if row < 0:
                if ann.get('id') is not None:
                    strangers, stranger = strangers + 1, ann.get('id')
                continue
            if seen[row]:
                raise UserError(f"{path}: annotation id {ann['id']} is there "
                                'twice; give each box an id of its own')
            seen[row] = True
            if not self._wanted[row]:
                continue
            self._compare(path, row, ann, image_ids)
            if ann.get('segmentation'):
                spool.put(row, self._mask(path, row, ann))
        if strangers:
            raise UserError(
                f'{path}: has {strangers} boxes that {self.source.path} has '
                f'not, such as annotation {stranger}; give files that were made '
                'from the same boxes (mal convert keeps ids where it can)')
        lacking = [row for row in np.flatnonzero(self._wanted).tolist()
                   if row not in spool]
        if lacking and (missing == 'error' or len(lacking) == self.count):
            raise UserError(
                f'{path}: has no mask for {len(lacking)} of {self.count} boxes '
                f'of {self.source.path}, such as annotation '
                f'{self.ann_id(lacking[0])}; label them too, or choose among '
                'the other files there with --missing skip')

    def _compare(self, path: str, row: int, ann: dict,
                 image_ids: Mapping[int, Any]) -> None:
        """Raise unless an annotation is of the same box as the first file's."""
        theirs = (image_ids[int(self._images[row])], int(self._categories[row]),
                  bool(self._crowds[row]))
        ours = (ann.get('image_id'), _category(ann), is_crowd(ann))
        for what, one, other in zip(('image', 'category', 'iscrowd'), ours,
                                    theirs, strict=True):
            if one != other:
                raise UserError(
                    f"{path}: annotation {ann['id']} has {what} {one!r}, in "
                    f'{self.source.path} {other!r}; give files that were made '
                    'from the same boxes')
        box = _box(ann)
        if not (np.abs(box - self._boxes[row]) <= _BOX_TOLERANCE_PX).all():
            raise UserError(
                f"{path}: annotation {ann['id']} has the box {ann.get('bbox')}, "
                f'in {self.source.path} {self.box(row)}; masks are compared for '
                'equal boxes only')

    def _mask(self, path: str, row: int, ann: dict) -> list:
        """What the spool keeps of a mask."""
        try:
            rle = segmentation_to_rle(ann['segmentation'],
                                      *self.image_size(row))
        except (ValueError, TypeError, OverflowError) as error:
            raise UserError(
                f"{path}: annotation {ann['id']}: {error}") from None
        fallback = noted(ann).get('fallback')
        return [rle['counts'], str(fallback) if fallback else None]


def name_sources(items: Sequence[str]) -> dict[str, str]:
    """Names and paths of ``NAME=PATH`` or plain paths.

    A plain path is named by its file, without ending.

    Raises:
        UserError: if a name or a path is empty or a name is there twice.
    """
    files: dict[str, str] = {}
    for item in items:
        name, equals, path = item.partition('=')
        if not equals or os.path.exists(item):
            name, path = os.path.splitext(os.path.basename(item))[0], item
        if not name or not path or name in files:
            raise UserError(
                f'{item}: expected MASKS.json or NAME=MASKS.json with a name '
                f'that no other file has (so far: {", ".join(files) or "none"})')
        files[name] = path
    return files


def _box(ann: Mapping) -> np.ndarray:
    """Box of an annotation, (4,) float64, NaN if it is none."""
    try:
        box = np.array([float(value) for value in ann['bbox']])
    except (KeyError, TypeError, ValueError, OverflowError):
        box = np.zeros(0)
    return box if box.shape == (4, ) else np.full(4, np.nan)


def _category(ann: Mapping) -> int:
    """Category of an annotation, -1 if it is no id."""
    value = ann.get('category_id')
    return value if is_id(value) else -1
