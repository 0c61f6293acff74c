"""Reading of COCO detection files; errors that say which file and why.

What is inside the file becomes columns in :mod:`.parsing`, and what is wrong
with it is listed in :mod:`.faults`.
"""

import contextlib
import gc
import json
import os
from collections.abc import Iterator, Sequence
from typing import Any

from mmdet_mal.utils.errors import UserError

# How many faults an error message spells out before it only counts.
LISTED_FAULTS = 50


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
                hint: str = '') -> 'AnnotationError':
        """One error for many problems.

        Args:
            headline (str): What the problems have in common.
            problems (Sequence[str]): One line each.
            hint (str): Last line, what to do about all.  Defaults to ''.

        Returns:
            AnnotationError: The first 50 are listed, the others counted.
        """
        lines = [f'{headline}:']
        lines += [f'  {problem}' for problem in problems[:LISTED_FAULTS]]
        if len(problems) > LISTED_FAULTS:
            lines.append(f'  … and {len(problems) - LISTED_FAULTS} more')
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
    if segmentation not in ('keep', 'drop'):
        raise ValueError(
            f"segmentation must be 'keep' or 'drop', got '{segmentation}'")
    hook = _drop_segmentation if segmentation == 'drop' else None
    try:
        with open(path, encoding='utf-8') as file, _no_garbage_collection():
            data = json.load(file, object_hook=hook)
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
    except json.JSONDecodeError as error:
        raise AnnotationError(
            f'{path}: annotation file is not valid JSON: {error}; it may be '
            'cut off, fetch or write it again') from None
    _check_outline(path, data)
    return data


def _drop_segmentation(entry: dict) -> dict:
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


def _check_outline(path: str, data: Any) -> None:
    """Raise unless ``data`` has the three lists of dicts of a COCO file."""
    if not isinstance(data, dict):
        raise AnnotationError(
            f'{path}: expected a JSON object with images, annotations and '
            f'categories, found a {type(data).__name__}; give a COCO '
            'detection file')
    for key in ('images', 'annotations', 'categories'):
        if key not in data:
            found = ', '.join(sorted(map(str, data))[:10]) or 'nothing'
            raise AnnotationError(
                f"{path}: no '{key}' in the file (found: {found}); give a "
                'COCO detection file')
        if not isinstance(data[key], list):
            raise AnnotationError(
                f"{path}: '{key}' must be a list, found a "
                f'{type(data[key]).__name__}; give a COCO detection file')
        if not set(map(type, data[key])) <= {dict}:
            index, entry = next((i, v) for i, v in enumerate(data[key])
                                if not isinstance(v, dict))
            raise AnnotationError(
                f"{path}: entry {index} of '{key}' must be an object, found "
                f'a {type(entry).__name__}')
