"""Proof that a masks JSON is its input plus masks, as DESIGN 4 promises."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice, zip_longest
from typing import Any

from mmdet_mal.datasets.annotation_file import AnnotationFile
from mmdet_mal.datasets.annotation_reader import is_crowd
from mmdet_mal.datasets.annotation_source import AnnotationSource
from mmdet_mal.structures.rle import rle_counts
from mmdet_mal.structures.rle_areas import rle_areas

from .input_rows import InputRows
from .progress import show_progress

ADDED_KEYS = frozenset({'segmentation', 'area', 'score', 'mal'})
# Annotations whose masks are checked together, which is faster than one by one.
_TOGETHER = 256


def validate_labels(input_json: str, masks_json: str) -> list[str]:
    """Compare a masks JSON with the file that was labelled.

    Args:
        input_json: the file that was labelled.
        masks_json: the file that claims to hold its masks.

    Returns:
        One line for each difference that is not allowed, in the order of the
        file; empty if all is well.

    Raises:
        AnnotationError: if one of the two cannot be read.
    """
    source = AnnotationFile(input_json)
    return list(find_differences(source, masks_json, InputRows(source)))


def find_differences(before: AnnotationSource, masks_json: str,
                     rows: InputRows) -> Iterator[str]:
    """Compare a masks JSON with its input; see :func:`validate_labels`.

    Both are streams, read side by side.  Allowed: ``info['mal']``; per
    annotation that is no crowd, ``segmentation``, ``area``, ``score`` and
    ``mal``.  Required of these annotations: compressed RLE with str counts, of
    the image's size, with at least one pixel, as many as ``area`` says.

    Args:
        before: the input.
        masks_json: the file that claims to hold its masks.
        rows: of the input.

    Yields:
        One line for each difference that is not allowed.
    """
    after = AnnotationFile(masks_json)
    yield from _compare_top_level(before, after)
    missing: dict[str, Any] = {}
    pairs = zip_longest(before.entries('annotations'),
                        after.entries('annotations'), fillvalue=missing)
    pairs = show_progress(pairs, before.count('annotations'),
                          'merge: check the file')
    position = 0
    while batch := list(islice(pairs, _TOGETHER)):
        sound = _sound_areas(new for _, new in batch)
        for old, new in batch:
            who = f"annotation {(old or new).get('id')} (entry {position})"
            if old is missing or new is missing:
                verb = 'was added' if old is missing else 'is missing'
                yield f'{who} {verb}'
            else:
                for problem in check_annotation(
                        old, new, rows.image_size(position), id(new) in sound):
                    yield f'{who}: {problem}'
            position += 1
        batch.clear()  # before the next one is read


def _sound_areas(annotations: Iterable[dict[str, Any]]) -> set[int]:
    """The ``id()`` of those whose mask is not empty and of the area told.

    All or none: where any mask is not sound, each is checked by itself.
    """
    # Crowds may have lists of counts, and are compared, not checked.
    masks = [a for a in annotations if isinstance(a.get('segmentation'), dict)
             and isinstance(a['segmentation'].get('counts'), str)]
    try:
        areas = rle_areas([a['segmentation'] for a in masks]).tolist() if masks else ()
    except (ValueError, TypeError, KeyError, OverflowError):
        return set()
    return {id(a) for a, area in zip(masks, areas, strict=True)
            if 0 < area == a.get('area')}


def check_annotation(old: dict[str, Any], new: dict[str, Any],
                     size: tuple[int, int] | None,
                     sound: bool = False) -> list[str]:
    """Compare one annotation with what became of it.

    Args:
        old: the input's annotation.
        new: the one in the masks JSON.
        size: (height, width) of the image as its entry states it; None, or
            values that are no positive integers, if unknown.
        sound: whether the runs of the mask are known to be those of an image
            and of ``area`` pixels, more than none.

    Returns:
        What is wrong, one phrase each.
    """
    if is_crowd(old):
        return _check_crowd(old, new)
    if not ADDED_KEYS - new.keys() and _without_added(old) == _without_added(new):
        return _check_mask(new['segmentation'], new['area'], size, sound)
    problems = []
    for key in old.keys() - ADDED_KEYS:
        if key not in new:
            problems.append(f'{key} is missing')
        elif not _same(old[key], new[key]):
            problems.append(f'{key} was {old[key]!r:.60}, is {new[key]!r:.60}')
    problems += [f'{key} was added'
                 for key in new.keys() - old.keys() - ADDED_KEYS]
    problems += [f'{key} is missing' for key in ADDED_KEYS - new.keys()]
    if not problems:
        problems = _check_mask(new['segmentation'], new['area'], size, sound)
    return sorted(problems)


def _without_added(annotation: dict[str, Any]) -> dict[str, Any]:
    """What labelling does not touch."""
    return {key: value for key, value in annotation.items()
            if key not in ADDED_KEYS}


def _check_crowd(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Check that a crowd region has a mask and an area, and is else the same."""
    if not new.get('segmentation') or 'area' not in new:
        return ['a crowd region has no mask or no area']
    if old.get('segmentation') and 'area' in old:
        return [] if _same(old, new) else ['a crowd region was changed']
    # What is absent is completed; an empty segmentation counts as absent.
    kept = [key for key in old if key != 'mal' and (key != 'segmentation'
                                                    or old[key])]
    added = new.keys() - old.keys() - {'segmentation', 'area', 'mal'}
    if added or any(key not in new or not _same(old[key], new[key])
                    for key in kept):
        return ['a crowd region was changed']
    return []


def _check_mask(segmentation: Any, area: Any, size: tuple[int, int] | None,
                sound: bool) -> list[str]:
    """Check the mask of one annotation."""
    if (not isinstance(segmentation, dict)
            or not isinstance(segmentation.get('counts'), str)
            or set(segmentation) != {'size', 'counts'}):
        return ['segmentation is not a compressed RLE with size and str counts']
    known = size is not None and all(type(v) is int and v > 0 for v in size)
    if known and segmentation['size'] != list(size):
        return [f"segmentation has size {segmentation['size']}, expected "
                f'{list(size)} ([height, width] of the image)']
    if sound:
        return []
    try:
        counts = rle_counts(segmentation)
    except (ValueError, TypeError) as error:
        return [f'segmentation cannot be read: {error}']
    pixels = int(counts[1::2].sum())
    if pixels < 1:
        return ['the mask is empty']
    if pixels != area:
        return [f'area is {area!r}, but the mask has {pixels} pixels']
    return []


def _compare_top_level(before: AnnotationSource,
                       after: AnnotationSource) -> Iterator[str]:
    """Compare everything but the annotations."""
    keys = after.keys()
    for key in before.keys():
        if key == 'annotations':
            continue
        if key not in keys:
            yield f"'{key}' is missing"
        elif not _same_value(key, before, after):
            yield f"'{key}' was changed"
    for key in keys:
        if key not in before.keys() and key != 'info':
            yield f"'{key}' was added"


def _same_value(key: str, before: AnnotationSource,
                after: AnnotationSource) -> bool:
    """Whether two top-level values are equal, our own entry of ``info`` aside;
    lists are compared entry by entry."""
    if before.is_list(key) != after.is_list(key):
        return False
    if not before.is_list(key):
        return _same(*(_without_mal(key, source.value(key))
                       for source in (before, after)))
    return before.count(key) == after.count(key) and all(
        map(_same, before.entries(key), after.entries(key)))


def _without_mal(key: str, value: Any) -> Any:
    """Return a top-level value, ``info`` without our own entry."""
    if key == 'info' and isinstance(value, dict):
        return {k: v for k, v in value.items() if k != 'mal'}
    return value


def _same(one: Any, other: Any) -> bool:
    """Whether two parsed values are equal, NaN being equal to NaN."""
    return one == other or json.dumps(one) == json.dumps(other)
