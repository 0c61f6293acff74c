"""Masks JSONs that lie where those of the baselines go."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmdet_mal.datasets.annotations import AnnotationError, load_annotation_file
from mmdet_mal.utils.errors import UserError


def read_masks(path: str | Path) -> dict[str, Any] | None:
    """A masks JSON as a dictionary; None if it is absent or of 0 bytes.

    Raises:
        UserError: it is something else, which the baselines never leave: they
            write to another name and move what is whole.
    """
    if not os.path.exists(path) or (
            os.path.isfile(path) and not os.path.getsize(path)):
        return None
    try:
        return load_annotation_file(str(path))
    except AnnotationError as error:
        raise foreign(path, ['no masks JSON that can be read']) from error


def made_by(masks: dict[str, Any]) -> dict[str, Any]:
    """What a masks JSON says of its making; empty if it does not."""
    info = masks.get('info')
    found = info.get('mal') if isinstance(info, dict) else None
    return found if isinstance(found, dict) else {}


def foreign(path: str | Path, why: Sequence[str] = ()) -> UserError:
    """The error for what this command did not write, and so leaves alone.

    Args:
        path: of the file or folder.
        why: phrases that say what it is, if that is known.
    """
    what = f" ({'; '.join(why)})" if why else ''
    return UserError(
        f'{path} lies where the masks of a baseline go, and this command did not '
        f'write it{what}; move it away, or take another folder')
