"""The masks that are exported, read as a stream."""

import dataclasses
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from mmdet_mal.utils.errors import UserError

from .mask import Annotation, Mask, read_mask

# Annotations held at once; more of them are read in several passes.
_HELD = 50_000


@dataclasses.dataclass(frozen=True)
class ImageMasks:
    """What is exported of one image.

    Attributes:
        image: Entry of the masks JSON.
        masks: Objects, in the order of the file.
        regions: Crowd regions and masks that are to be ignored.
    """

    image: dict[str, Any]
    masks: list[Mask]
    regions: list[Mask]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image['width'], self.image['height']


class MaskSet:
    """The chosen annotations of a masks JSON.

    Args:
        source: The masks JSON.
        choose: Yields what is to be exported of a list of annotations; called
            anew for every pass.
        no_mask: Called with an annotation that has no mask.
        done: What the export does, for the ``info`` of a copy.
    """

    def __init__(self, source: Any,
                 choose: Callable[[Iterator[Annotation]], Iterator[Annotation]],
                 no_mask: Callable[[Annotation], None],
                 done: dict[str, Any] | None = None) -> None:
        self.source = source
        self.path = source.path
        self._choose = choose
        self._no_mask = no_mask
        self._done = done or {}
        self.categories = list(source.entries('categories'))
        self.class_names = [_name(entry, self.path) for entry in self.categories]
        self._label_index = {entry.get('id'): index
                             for index, entry in enumerate(self.categories)}
        self.num_images = source.count('images')

    def annotations(self) -> Iterator[Annotation]:
        """Chosen annotations in the order of the file."""
        return self._choose(self.source.entries('annotations'))

    def annotate(self, key: str, value: Any) -> Any:
        """Say in ``info`` what was done, where a label run has its own entry.

        Args:
            key: At the top level.
            value: Of it.

        Returns:
            The value for a copy.
        """
        if (key != 'info' or not isinstance(value, dict)
                or not isinstance(value.get('mal'), dict)):
            return value
        return {**value, 'mal': {**value['mal'], 'export': self._done}}

    def by_image(self) -> Iterator[ImageMasks]:
        """Chosen masks image by image, in the order of the images.

        Annotations may lie in the file in any order.  At most about 50,000 are
        held at a time; a larger file is read in several passes.

        Raises:
            UserError: If an annotation has an unknown image or class, or a
                segmentation that is none.
        """
        images = list(self.source.entries('images'))
        for entry in images:
            _check_image(entry, self.path)
        rows = {entry.get('id'): row for row, entry in enumerate(images)}
        counts = np.zeros(len(images) + 1, np.int64)
        held: list[tuple[int, Annotation]] | None = []
        for annotation in self.annotations():
            row = self._row(annotation, rows)
            counts[row + 1] += 1
            if held is not None:
                held.append((row, annotation))
                if len(held) > _HELD:
                    held = None
        done = 0
        ends = np.cumsum(counts)
        while done < len(images):
            # As many images as may be held, at least one.
            until = int(np.searchsorted(ends, ends[done] + _HELD, 'right')) - 1
            until = min(max(until, done + 1), len(images))
            groups: list[list[Annotation]] = [[] for _ in range(done, until)]
            for row, annotation in held if held is not None else (
                    (self._row(entry, rows), entry)
                    for entry in self.annotations()):
                if done <= row < until:
                    groups[row - done].append(annotation)
            for image, group in zip(images[done:until], groups, strict=True):
                yield self._gather(image, group)
            done = until

    def _row(self, annotation: Annotation, rows: dict[Any, int]) -> int:
        image_id = annotation.get('image_id')
        if image_id not in rows:
            raise UserError(f"{self.path}: annotation {annotation.get('id')}: "
                            f'image_id {image_id!r} is not among the images; run '
                            '`mal doctor` on the boxes')
        return rows[image_id]

    def _gather(self, image: dict[str, Any], group: list[Annotation]) -> ImageMasks:
        """Masks and regions of an image."""
        from mmdet_mal.datasets.annotation_reader import is_crowd
        found = ImageMasks(image, [], [])
        for annotation in group:
            where = f"{self.path}: annotation {annotation.get('id')}"
            category = annotation.get('category_id')
            if category not in self._label_index:
                raise UserError(f'{where}: category_id {category!r} is not among '
                                'the categories; run `mal doctor` on the boxes')
            if not annotation.get('segmentation'):
                self._no_mask(annotation)
                continue
            index = self._label_index[category]
            mask = read_mask(annotation, (image['height'], image['width']), where,
                             self.class_names[index], index)
            ignored = is_crowd(annotation) or annotation.get('ignore')
            (found.regions if ignored else found.masks).append(mask)
        return found


def _name(category: dict[str, Any], path: str) -> str:
    if category.get('name') is None:
        raise UserError(f"{path}: category {category.get('id')} has no name; add it")
    return str(category['name'])


def _check_image(entry: dict[str, Any], path: str) -> None:
    """Require what every writer needs of an image."""
    where = f"{path}: image {entry.get('id')}"
    name = entry.get('file_name')
    try:
        named = bool(os.path.basename(name)) and '\0' not in name
        name.encode()
    except (AttributeError, TypeError, UnicodeEncodeError):
        named = False
    if not named:
        raise UserError(f'{where}: has file_name {name!r}, expected a name; run '
                        '`mal doctor` on the boxes')
    for key in ('width', 'height'):
        if type(entry.get(key)) is not int or entry[key] <= 0:
            raise UserError(f'{where}: has {key} {entry.get(key)!r}, expected a '
                            'positive whole number')
