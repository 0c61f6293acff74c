"""The file of decisions that a review page saves."""

import dataclasses
import os
from collections.abc import Mapping
from typing import Any

from mmdet_mal.utils.errors import UserError

from .json_file import load_json

FORMAT, VERSION = 'mal-decisions', 1
DECISIONS = ('accept', 'reject', 'flag')


@dataclasses.dataclass(frozen=True)
class Decisions:
    """What a person decided on masks.

    Attributes:
        path: The file.
        by_id: 'accept', 'reject' or 'flag' by annotation id as text.
        chosen: Name of the label file whose mask was chosen, by annotation id
            as text, where several were compared.
        own_name: Under which the page showed the masks that are exported.
    """

    path: str
    by_id: Mapping[str, str]
    chosen: Mapping[str, str]
    own_name: str | None = None

    @classmethod
    def load(cls, path: str, masks_json: str, other: str = 'refuse') -> 'Decisions':
        """Read the file and prove that it is about these masks.

        Args:
            path: The file.
            masks_json: The masks that are exported.
            other: ``'refuse'`` decisions that were made on other masks (by
                SHA-256), or ``'force'`` them.

        Raises:
            UserError: If it is no such file, or about other masks.
        """
        data = load_json(path)
        if not isinstance(data, dict) or data.get('format') != FORMAT:
            raise UserError(f'{path}: no file of decisions (its format is not '
                            f'{FORMAT}); give the file that the review page saved')
        if data.get('version') != VERSION:
            raise UserError(f"{path}: has version {data.get('version')!r}, expected "
                            f'{VERSION}; save it with the review page of today')
        entries = data.get('decisions')
        if not isinstance(entries, dict):
            raise UserError(f"{path}: 'decisions' is a {type(entries).__name__}, "
                            'expected an object by annotation id')
        for number, entry in entries.items():
            _check(entry, f'{path}: decision on annotation {number}')
        made_on = data.get('masks') if isinstance(data.get('masks'), dict) else {}
        if other != 'force':
            from mmdet_mal.labelling.manifest import hash_file
            found = hash_file(masks_json)
            if made_on.get('sha256') != found:
                raise UserError(
                    f'{path}: was made on other masks '
                    f"({made_on.get('file', 'of no name')!s:.200}, SHA-256 "
                    f"{str(made_on.get('sha256'))[:12]}…; "
                    f'{os.path.basename(masks_json)} has {found[:12]}…); give '
                    'those, or --force-decisions if the ids mean the same boxes')
        return cls(path, {number: entry['decision']
                          for number, entry in entries.items()},
                   {number: entry['masks'] for number, entry in entries.items()
                    if entry.get('masks')},
                   made_on.get('name'))


def _check(entry: Any, where: str) -> None:
    """Require the members of a decision."""
    if not isinstance(entry, dict) or entry.get('decision') not in DECISIONS:
        found = entry.get('decision') if isinstance(entry, dict) else entry
        raise UserError(f"{where}: is {found!r:.80}, expected one of "
                        f"{', '.join(DECISIONS)}")
    if not isinstance(entry.get('masks', ''), str):
        raise UserError(f"{where}: 'masks' is {entry['masks']!r:.80}, expected a "
                        'name')
