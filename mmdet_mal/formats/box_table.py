"""The boxes that a reader has found, as a COCO dict in the making."""

import math
from collections.abc import Sequence
from typing import Any

from mmdet_mal.utils.errors import UserError

from .tally import Tally

# Digits after the point of pixel coordinates: hides noise of x1 - x0 and of
# normalised coordinates, and is finer than anything that is labelled.
_DIGITS = 4

_ODD = ('boxes have no area or reach outside their image; they are kept: '
        '`mal doctor` lists and repairs them')


class BoxTable:
    """Collects images, classes and boxes; ids are 1, 2, 3 …

    Args:
        tally: Gets the number of odd boxes.
        classes: Names in the order of their ids; None takes the names that
            occur, sorted.
        min_box_score: Boxes of a lower score are left out and counted.
        source: File or folder, for messages.
    """

    def __init__(self, tally: Tally, classes: Sequence[str] | None = None,
                 min_box_score: float | None = None, source: str = '') -> None:
        self._tally = tally
        self._classes = list(classes) if classes is not None else None
        self._min_box_score = min_box_score
        self._source = source
        self._images: list[dict[str, Any]] = []
        self._image_ids: dict[str, int] = {}
        self._boxes: list[dict[str, Any]] = []
        if self._classes is not None:
            for name in self._classes:
                if self._classes.count(name) > 1:
                    raise UserError(f'{source}: class {name!r} is named twice '
                                    'in the list of classes; remove one')

    def add_image(self, file_name: str, width: int, height: int, where: str,
                  **extra: Any) -> int:
        """Add an image, or find it if it was added before.

        Args:
            file_name: As in the COCO dict.
            width: In pixels.
            height: In pixels.
            where: File and record, for messages.
            extra: Other members of its entry.

        Returns:
            Its id.

        Raises:
            UserError: If the size is no size, or another than before.
        """
        if not (_is_size(width) and _is_size(height)):
            raise UserError(f'{where}: image {file_name!r} has size {width!r} x '
                            f'{height!r} (w x h), expected two positive whole '
                            'numbers; correct it or give --images')
        width, height = int(width), int(height)
        if file_name in self._image_ids:
            entry = self._images[self._image_ids[file_name] - 1]
            if (entry['width'], entry['height']) != (width, height):
                raise UserError(
                    f'{where}: image {file_name!r} has size {width} x {height} '
                    f"(w x h) here and {entry['width']} x {entry['height']} "
                    'before; correct one')
            return entry['id']
        number = len(self._images) + 1
        self._images.append(dict(id=number, file_name=file_name, width=width,
                                 height=height, **extra))
        self._image_ids[file_name] = number
        return number

    def add_box(self, image_id: int, label: str, bbox: Sequence[float],
                where: str, score: float | None = None, iscrowd: int = 0,
                **extra: Any) -> bool:
        """Add a box.

        Args:
            image_id: What :meth:`add_image` returned.
            label: Name of its class.
            bbox: x, y, width, height in pixels.
            where: File and record, for messages.
            score: Of a prediction, kept as ``box_score``.
            iscrowd: 1 for a region of many objects.
            extra: Other members of its entry.

        Returns:
            Whether it was added; not if its score is too low.

        Raises:
            UserError: If a value is no number or the class is unknown.
        """
        bbox = [finite(value, where, 'a coordinate') for value in bbox]
        if self._classes is not None and label not in self._classes:
            raise UserError(
                f'{where}: class {label!r} is not among the classes given '
                f"({', '.join(self._classes):.200}); add it there or correct it")
        if score is not None:
            score = finite(score, where, 'the score')
            extra = {**extra, 'box_score': score}
        if self._min_box_score is not None:
            if score is None:
                raise UserError(f'{where}: this box has no score, and '
                                '--min-box-score asks for one; leave it out')
            if score < self._min_box_score:
                self._tally.add(
                    'boxes have a score below --min-box-score '
                    f'{self._min_box_score:g} and are left out', where)
                return False
        x, y, width, height = (round(value, _DIGITS) + 0. for value in bbox)
        image = self._images[image_id - 1]
        if (width <= 0 or height <= 0 or x < -.5 or y < -.5
                or x + width > image['width'] + .5
                or y + height > image['height'] + .5):
            self._tally.add(_ODD, where)
        self._boxes.append(dict(
            id=len(self._boxes) + 1, image_id=image_id, category_id=label,
            bbox=[x, y, width, height], area=round(width * height, _DIGITS),
            iscrowd=int(iscrowd), **extra))
        return True

    def to_coco(self, **top_level: Any) -> dict[str, Any]:
        """The COCO dict; classes get the ids 1 to N.

        Args:
            top_level: Other top-level members, such as ``info``.

        Raises:
            UserError: If there is no image at all.
        """
        if not self._images:
            raise UserError(f'{self._source}: no image in it; give the folder '
                            'or file that holds the labels')
        names = self._classes
        if names is None:
            names = sorted({box['category_id'] for box in self._boxes})
        ids = {name: number for number, name in enumerate(names, 1)}
        annotations = [{**box, 'category_id': ids[box['category_id']]}
                       for box in self._boxes]
        return dict(**top_level, images=self._images, annotations=annotations,
                    categories=[dict(id=i, name=name) for name, i in ids.items()])


def finite(value: Any, where: str, what: str) -> float:
    """A number as float.

    Args:
        value: A number or its text.
        where: File and record, for the message.
        what: Name of the value, for the message.

    Raises:
        UserError: If it is no finite number.
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise UserError(f'{where}: {what} is {value!r:.80}, expected a number')
    return number


def _is_size(value: Any) -> bool:
    return (isinstance(value, (int, float)) and not isinstance(value, bool)
            and value > 0 and value == int(value))
