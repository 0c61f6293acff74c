"""What the doctor found in one place."""

from dataclasses import dataclass
from typing import Any

from .kinds import KINDS, LEFT


@dataclass(frozen=True)
class Finding:
    """One finding.

    Attributes:
        kind (str): Name of one of :data:`.kinds.KINDS`.
        message (str): What was found; '' where the kind says it all.
        fix (str): What ``--fix`` does: 'repaired', 'dropped' or 'left'.
        file (str): Image file or its name in the JSON, '' if none.
        image_id (Any): Id of the image as in the JSON, None if none.
        annotation_id (Any): Id of the annotation as in the JSON, None if
            none.
        entry (int | None): Position in its list, from 0; None for findings
            of the whole file.
        count (int): How many entries it stands for.
    """
    kind: str
    message: str = ''
    fix: str = LEFT
    file: str = ''
    image_id: Any = None
    annotation_id: Any = None
    entry: int | None = None
    count: int = 1

    @property
    def severity(self) -> str:
        """Severity of its kind."""
        return KINDS[self.kind].severity

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the JSON report."""
        values = dict(vars(self))
        for key in ('image_id', 'annotation_id'):
            values[key] = _plain(values[key])
        return dict(severity=self.severity, **values)

    def __str__(self) -> str:
        who = []
        if self.annotation_id is not None:
            who.append(f'annotation {self.annotation_id!s:.60}')
        if self.image_id is not None:
            who.append(f'image {self.image_id!s:.60}')
        text = ', '.join(who)
        if self.file:
            text = f'{text} ({self.file})' if text else self.file
        if not text and self.entry is not None:
            text = f'entry {self.entry}'
        return printable(': '.join(filter(None, (text, self.message))))


def _plain(value: Any) -> Any:
    """An id as strict JSON; what is no id at all becomes text."""
    if value is None or isinstance(value, (int, str)):
        return value
    return f'{value!r:.60}'


def printable(text: str) -> str:
    r"""Escape what could command a terminal or break a line.

    Args:
        text (str): May hold anything, such as a file name from a JSON.

    Returns:
        str: Control and other unprintable characters as ``\x1b``, ``\u202e``.
    """
    if text.isprintable():
        return text
    return ''.join(c if c.isprintable() else
                   c.encode('unicode_escape').decode('ascii') for c in text)
