"""Reading of COCO detection files; errors that say which file and why.

Here a file is read whole, for code that wants it so; :mod:`.annotation_file`
reads one of any size as a stream, with the same errors.  What is inside the
file becomes columns in :mod:`.parsing`, and what is wrong with it is listed in
:mod:`.faults`.
"""

import contextlib
import gc
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mmdet_mal.utils.errors import UserError

# How many faults an error message spells out before it only counts.
LISTED_FAULTS = 50
# The lists of dicts that every COCO detection file has.
OUTLINE = ('images', 'annotations', 'categories')


class AnnotationError(UserError, ValueError):
    """Annotations or their images cannot be used; says which and what to do.

    Args:
        message (str): What was found, where, and what to do.
    """

    def __init__(self, message: str) -> None:
        # A DataLoader raises its worker's error anew with the traceback as
        # its message, which ends with the message that the user should see.
        marker = f'{type(self).__name__}: '
        if 'Original Traceback' in message and marker in message:
            message = message.rpartition(marker)[2].strip()
        super().__init__(message)

    @classmethod
    def of_many(cls, headline: str, problems: Sequence[str],
                hint: str = '',
                total: int | None = None) -> 'AnnotationError':
        """One error for many problems.

        Args:
            headline (str): What the problems have in common.
            problems (Sequence[str]): One line each.
            hint (str): Last line, what to do about all.  Defaults to ''.
            total (int, optional): Number of all problems, if only the first
                are given.

        Returns:
            AnnotationError: The first 50 are listed, the others counted.
        """
        lines = [f'{headline}:']
        lines += [f'  {problem}' for problem in problems[:LISTED_FAULTS]]
        more = (total or len(problems)) - len(problems[:LISTED_FAULTS])
        if more:
            lines.append(f'  … and {more} more')
        return cls('\n'.join(lines + [hint] if hint else lines))


def load_annotation_file(path: str, segmentation: str = 'keep') -> dict:
    """Read a COCO detection file and check its outline.

    Args:
        path (str): Path of the JSON file.
        segmentation (str): 'drop' removes every ``segmentation`` while the
            file is parsed, so that human masks reach no code that trains or
            labels; 'keep' leaves them.  Defaults to 'keep'.

    Returns:
        dict: The parsed file; 'images', 'annotations' and 'categories' are
        lists of dicts.

    Raises:
        AnnotationError: In one line, if the file is absent, unreadable, not
            JSON or not of that outline.
    """
    check_segmentation_option(segmentation)
    hook = drop_segmentation if segmentation == 'drop' else None
    with reading(path), open(path, encoding='utf-8') as file, \
            _no_garbage_collection():
        data = json.load(file, object_hook=hook)
    top_level = data if isinstance(data, dict) else {}
    check_outline(path, type(data).__name__, {
        key: (type(value).__name__,
              describe_entries(value)[1] if isinstance(value, list) else None)
        for key, value in top_level.items()})
    return data


@contextlib.contextmanager
def reading(path: str) -> Iterator[None]:
    """Turn what may go wrong in reading a file into one line that names it.

    Args:
        path (str): Path of the annotation file that the block reads.

    Raises:
        AnnotationError: If the file is absent, unreadable, not UTF-8 or not
            JSON.
    """
    try:
        yield
    except AnnotationError:
        raise
    except FileNotFoundError:
        raise AnnotationError(
            f'{path}: annotation file not found (working directory '
            f'{os.getcwd()}); correct ann_file or data_root') from None
    except OSError as error:
        raise AnnotationError(f'{path}: annotation file cannot be read: '
                              f'{error.strerror}') from None
    except UnicodeDecodeError:
        raise AnnotationError(
            f'{path}: annotation file is not UTF-8 text; expected a COCO '
            'detection JSON (unpack it if it is an archive)') from None
    except (ValueError, RecursionError) as error:
        raise AnnotationError(
            f'{path}: annotation file is not valid JSON: {error}; it may be '
            'cut off, fetch or write it again') from None


def check_segmentation_option(segmentation: str) -> None:
    """Raise ValueError unless the option is one of its two values."""
    if segmentation not in ('keep', 'drop'):
        raise ValueError(
            f"segmentation must be 'keep' or 'drop', got '{segmentation}'")


def drop_segmentation(entry: dict) -> dict:
    """Remove ``segmentation`` from an object that was just parsed."""
    entry.pop('segmentation', None)
    return entry


@contextlib.contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Pause the collector, which else walks millions of new dicts for nothing.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def describe_entries(
        entries: Iterable[Any]) -> tuple[int, tuple[int, str] | None]:
    """Count the entries of a list and look for one that is no object.

    Args:
        entries (Iterable[Any]): Parsed JSON values.

    Returns:
        tuple[int, tuple[int, str] | None]: Number of entries; position and
        type of the first that is no dict, None if there is none.
    """
    count, odd_entry = 0, None
    for entry in entries:
        if odd_entry is None and type(entry) is not dict:
            odd_entry = (count, type(entry).__name__)
        count += 1
    return count, odd_entry


def check_outline(path: str, kind: str,
                  top_level: dict[str, tuple]) -> None:
    """Require the three lists of dicts of a COCO file.

    Args:
        path (str): Path of the file, for the message.
        kind (str): Name of the type of the whole document.
        top_level (dict[str, tuple]): By top-level key, the name of the
            value's type and what :func:`describe_entries` says of its first
            entry that is no dict.

    Raises:
        AnnotationError: If one of the lists is absent or something else.
    """
    if kind != 'dict':
        raise AnnotationError(
            f'{path}: expected a JSON object with images, annotations and '
            f'categories, found a {kind}; give a COCO detection file')
    for key in OUTLINE:
        if key not in top_level:
            found = ', '.join(sorted(top_level)[:10]) or 'nothing'
            raise AnnotationError(
                f"{path}: no '{key}' in the file (found: {found}); give a "
                'COCO detection file')
        value_kind, odd_entry = top_level[key]
        if value_kind != 'list':
            raise AnnotationError(
                f"{path}: '{key}' must be a list, found a {value_kind}; give "
                'a COCO detection file')
        if odd_entry is not None:
            raise AnnotationError(
                f"{path}: entry {odd_entry[0]} of '{key}' must be an object, "
                f'found a {odd_entry[1]}')
