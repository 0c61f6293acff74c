"""Reading of values that were written as something else."""

import re
from typing import Any

from mmdet_mal.datasets.id_column import is_int

_INTEGER = re.compile(r'\s*[-+]?\d{1,18}\s*')
_NUMBER = re.compile(r'\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?\s*')


def as_integer(value: Any) -> int | None:
    """The integer that text or a whole float stands for.

    Args:
        value (Any): Such as '12' or 12.0.

    Returns:
        int | None: None if it stands for none, or is an integer already.
    """
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return None


def as_number(value: Any) -> int | float | None:
    """The number that a value is or, as text, stands for; None if none."""
    if is_int(value) or isinstance(value, float):
        return value
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        whole = as_integer(value)
        return float(value) if whole is None else whole
    return None
