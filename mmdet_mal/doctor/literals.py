"""NaN and infinity, which Python reads and writes in JSON and others refuse."""

import json
import math
from typing import Any

from .json_source import JsonSource
from .kinds import REPAIRED

_SHOWN = 3


def has_literals(source: JsonSource) -> list[tuple[str, str, str]]:
    """Look for NaN and infinity in a file.

    Args:
        source (JsonSource): The file.

    Returns:
        list[tuple[str, str, str]]: Kind, what ``--fix`` does and message, of
        one finding or none.
    """
    if not source.mentions(b'NaN', b'Infinity'):
        return []
    number, places = 0, []
    for key in source.keys:
        values = (enumerate(source.entries(key)) if source.is_list(key)
                  else [(None, source.value(key))])
        for position, value in values:
            if is_strict(value):
                continue
            number += 1
            if len(places) < _SHOWN:
                places.append(f"'{key}'" if position is None
                              else f"entry {position} of '{key}'")
    if not number:  # a text says "NaN"
        return []
    more = ', …' if number > len(places) else ''
    return [('json_literals', REPAIRED,
             f'{number} in all: {", ".join(places)}{more}')]


def is_strict(value: Any) -> bool:
    """Whether a value can be written as strict JSON."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True


def make_strict(value: Any) -> Any:
    """Replace NaN and infinity by None, at any depth."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [make_strict(item) for item in value]
    if isinstance(value, dict):
        return {key: make_strict(item) for key, item in value.items()}
    return value
