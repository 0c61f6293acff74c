"""What is wrong with a bbox, and how it is repaired."""

import math
from typing import Any

from mmdet_mal.datasets.annotation_reader import MIN_SIDE, ROUNDING

from .kinds import DROPPED, LEFT, REPAIRED
from .values import as_number

# Kind, what --fix does, message.
Problem = tuple[str, str, str]


def judge_bbox(value: Any, width: int, height: int,
               bbox_format: str = 'xywh') -> tuple[list | None, list[Problem]]:
    """Judge one bbox as the data set does, and repair it.

    Args:
        value (Any): What the JSON has.
        width, height (int): Stated size of its image in pixels, 0 if
            unknown.
        bbox_format (str): One of :data:`mmdet_mal.utils.choices.BBOX_FORMATS`.

    Returns:
        tuple[list | None, list[Problem]]: The repaired bbox [x, y, width,
        height] in pixels, which is ``value`` itself if nothing was changed,
        None if it cannot be repaired; and what was found.
    """
    problems: list[Problem] = []
    bbox = numbers = _parse(value, problems)
    if bbox is None:
        return None, problems
    if not all(map(math.isfinite, bbox)):
        problems.append(('bbox_nan', DROPPED, f'bbox {bbox!s:.80}'))
        return None, problems
    if bbox_format != 'xywh':
        problem, bbox = convert_bbox(bbox, width, height, bbox_format)
        problems.append(problem)
    if bbox[2] < 0 or bbox[3] < 0:
        problems.append(('bbox_reversed', REPAIRED, f'bbox {bbox!s:.80}'))
        bbox = _turn(bbox)
    # In floats, as in the data set: the verdicts must not differ.
    x, y, w, h = map(float, bbox)
    if w < MIN_SIDE or h < MIN_SIDE:
        problems.append(('bbox_zero', DROPPED, f'bbox {bbox!s:.80}'))
        return None, problems
    if width and height:
        left, top = max(x, 0), max(y, 0)
        right, bottom = min(x + w, width), min(y + h, height)
        if right - left < MIN_SIDE or bottom - top < MIN_SIDE:
            problems.append(('bbox_outside', DROPPED, f'bbox {bbox!s:.80} in '
                             f'an image of {width} x {height} px (w x h)'))
            return None, problems
        change = max(left - x, top - y, x + w - right, y + h - bottom)
        if change > ROUNDING:
            problems.append(('bbox_clipped', REPAIRED, f'bbox {bbox!s:.80} in '
                             f'an image of {width} x {height} px (w x h)'))
            bbox = [left, top, right - left, bottom - top]
            if all(isinstance(value, int) for value in numbers):
                bbox = list(map(int, bbox))
        if bbox[2] >= width and bbox[3] >= height:
            problems.append(('bbox_whole_image', LEFT, f'bbox {bbox!s:.80}'))
    if bbox[2] < 1 or bbox[3] < 1:
        problems.append(('bbox_subpixel', LEFT, f'bbox {bbox!s:.80}'))
    return bbox, problems


def _parse(value: Any, problems: list[Problem]) -> list | None:
    """Four numbers, or None."""
    if value is None:
        problems.append(('bbox_missing', DROPPED, 'no bbox'))
        return None
    numbers: list | None = None
    if isinstance(value, list) and len(value) == 4:
        if set(map(type, value)) <= {int, float}:
            numbers = value
        else:
            read = list(map(as_number, value))
            if None not in read:
                problems.append(('bbox_text', REPAIRED, f'bbox {value!s:.80}'))
                numbers = read
    try:
        if numbers is not None:
            list(map(float, numbers))
            return numbers
    except OverflowError:  # an integer of more than 308 digits
        problems.clear()
    problems.append(('bbox_malformed', DROPPED, f'bbox {value!s:.80}'))
    return None


def convert_bbox(bbox: list, width: int, height: int,
                 bbox_format: str) -> tuple[Problem, list]:
    """Turn another format into xywh in pixels.

    Args:
        bbox (list): Four finite numbers.
        width, height (int): Size of its image in pixels, 0 if unknown.
        bbox_format (str): One of
            :data:`mmdet_mal.utils.choices.BBOX_FORMATS` but 'xywh'.

    Returns:
        tuple[Problem, list]: What was found, and the bbox; unchanged if it
        cannot be converted.
    """
    a, b, c, d = bbox
    if bbox_format == 'xyxy':
        return (('bbox_xyxy', REPAIRED, f'bbox {bbox!s:.80}'),
                [a, b, c - a, d - b])
    if not (width and height):
        return ('bbox_normalised', LEFT,
                'the size of its image is unknown'), bbox
    if bbox_format == 'cxcywhn':
        a, b = a - c / 2, b - d / 2
    return (('bbox_normalised', REPAIRED, f'bbox {bbox!s:.80}'),
            [a * width, b * height, c * width, d * height])


def _turn(bbox: list) -> list:
    """Give a box that was drawn from right to left its left corner."""
    x, y, w, h = bbox
    return [min(x, x + w), min(y, y + h), abs(w), abs(h)]


class FormatEvidence:
    """Collects over all boxes whether they are what COCO calls a bbox."""

    # Fewer boxes prove nothing.
    _ENOUGH = 10

    def __init__(self) -> None:
        self._boxes = self._beyond = self._corners = self._fractions = 0

    def add(self, bbox: list, width: int, height: int) -> None:
        """Look at one box.

        Args:
            bbox (list): Four numbers as in the file.
            width, height (int): Size of its image, known.
        """
        a, b, c, d = bbox
        self._boxes += 1
        self._beyond += a + c > width + 1 or b + d > height + 1
        self._corners += 0 <= a < c <= width + 1 and 0 <= b < d <= height + 1
        self._fractions += 0 <= min(bbox) and max(bbox) <= 1

    def suspicion(self) -> tuple[str, str] | None:
        """The kind of the finding and its message, None if all is well."""
        if self._boxes < self._ENOUGH:
            return None
        if self._corners >= .99 * self._boxes and self._beyond >= .2 * self._boxes:
            return 'bbox_xyxy', (
                f'of {self._boxes} boxes {self._beyond} stick out when read '
                f'as xywh, but {self._corners} fit when read as corners')
        if self._fractions >= .99 * self._boxes:
            return 'bbox_normalised', (
                f'of {self._boxes} boxes {self._fractions} have all values '
                'between 0 and 1')
        return None
