"""Annotation files that differ in nothing but their masks."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mmdet_mal.datasets.annotation_reader import is_crowd
from mmdet_mal.datasets.annotations import load_annotation_file
from mmdet_mal.evaluation.mask_iou import mask_ious, mean_or_nan
from mmdet_mal.labelling.files import write_then_rename
from mmdet_mal.utils.errors import UserError

from .table import HUMAN

_NAME = re.compile(r'\w[\w .+-]{0,39}')
# Boxes are copied, never computed; formatted anew they may lose a last digit.
_BOX_TOLERANCE_PX = .01
_CLASS = dict(id=1, name='object')


@dataclass(frozen=True)
class MaskSource:
    """One kind of masks to train on.

    Attributes:
        name: of the row; also a folder's.
        path: COCO JSON with masks.
        data: its content.
    """

    name: str
    path: str
    data: dict

    @property
    def slug(self) -> str:
        """The name as a folder's."""
        return self.name.replace(' ', '_')


def read_sources(human: str, masks: Mapping[str, str]) -> list[MaskSource]:
    """Read the annotation files, the human one first, and compare them.

    Args:
        human (str): COCO JSON with human masks.
        masks (Mapping): path of the JSON of each other kind, by name.

    Raises:
        UserError: a name that is no folder's, or given twice; a file without
            masks, or with other images, boxes or classes than the human one.
    """
    slugs: set[str] = set()
    sources = []
    for name, path in [(HUMAN, human), *masks.items()]:
        source = MaskSource(name, path, {})
        if not _NAME.fullmatch(name) or source.slug.lower() in slugs:
            raise UserError(
                f'{name}={path}: the name must be letters, digits, blanks and '
                f'.+-_ (at most 40), differ from the others and from {HUMAN!r}')
        slugs.add(source.slug.lower())
        source = MaskSource(name, path, load_annotation_file(path))
        _check_masks(source)
        sources.append(source)
    for source in sources[1:]:
        _check_same(sources[0], source)
    return sources


def mean_mask_iou(source: MaskSource, human: MaskSource) -> float:
    """Mean IoU of the masks of a source with the human ones, over all boxes."""
    return mean_or_nan(mask_ious(source.data, human.data).ious)


def class_names(data: Mapping) -> tuple[str, ...]:
    """Names of the categories in the order of the file, as stock code labels."""
    return tuple(str(category.get('name')) for category in data['categories'])


def write_class_agnostic(data: Mapping, path: str | Path) -> str:
    """Write a COCO JSON with one class, ``object``.

    Returns:
        str: the path.
    """
    with write_then_rename(str(path)) as file:
        json.dump(dict(data, categories=[_CLASS], annotations=[
            dict(ann, category_id=_CLASS['id']) for ann in data['annotations']]),
            file)
    return str(path)


def shared_images(one: Mapping, other: Mapping) -> int:
    """How many file names two data sets have in common."""
    return len({image.get('file_name') for image in one['images']}
               & {image.get('file_name') for image in other['images']})


def _check_masks(source: MaskSource) -> None:
    if not source.data['annotations']:
        raise UserError(f'{source.path}: has no annotations to train on')
    for ann in source.data['annotations']:
        if not ann.get('segmentation'):
            raise UserError(
                f"{source.path}: annotation {ann.get('id')} has no segmentation, "
                'with which stock training stops; give a masks JSON of '
                'tools/label.py, or of a baseline')


def _check_same(human: MaskSource, source: MaskSource) -> None:
    if class_names(human.data) != class_names(source.data):
        raise UserError(f'{source.path}: has other categories than {human.path}; '
                        'give files that were made from the same boxes')
    theirs = {image.get('id'): image.get('file_name')
              for image in human.data['images']}
    ours = {image.get('id'): image.get('file_name')
            for image in source.data['images']}
    _check_keys(human, source, theirs, ours, 'image')
    for number, name in ours.items():
        if theirs[number] != name:
            raise UserError(f'{source.path}: image {number} is {name!r}, in '
                            f'{human.path} {theirs[number]!r}')
    theirs = {ann.get('id'): ann for ann in human.data['annotations']}
    ours = {ann.get('id'): ann for ann in source.data['annotations']}
    _check_keys(human, source, theirs, ours, 'annotation')
    for number, ann in ours.items():
        other = theirs[number]
        if (ann.get('image_id') != other.get('image_id')
                or ann.get('category_id') != other.get('category_id')
                or is_crowd(ann) != is_crowd(other)):
            raise UserError(f'{source.path}: annotation {number} has another '
                            f'image, category or iscrowd than in {human.path}')
        if _apart(ann.get('bbox'), other.get('bbox')):
            raise UserError(
                f"{source.path}: annotation {number} has the box {ann.get('bbox')}, "
                f"in {human.path} {other.get('bbox')}: the trainings would differ "
                'in more than their masks')


def _check_keys(human: MaskSource, source: MaskSource, theirs: Mapping,
                ours: Mapping, what: str) -> None:
    differing = sorted(theirs.keys() ^ ours.keys(), key=str)
    if differing:
        holder = human.path if differing[0] in theirs else source.path
        raise UserError(
            f'{source.path}: has other {what}s than {human.path}: {len(differing)} '
            f'are in one of the two alone, such as {what} {differing[0]} in '
            f'{holder}; give files that were made from the same boxes')


def _apart(box: object, other: object) -> bool:
    try:
        pairs = zip(box, other, strict=True)
        return any(abs(float(a) - float(b)) > _BOX_TOLERANCE_PX for a, b in pairs)
    except (TypeError, ValueError):
        return True
