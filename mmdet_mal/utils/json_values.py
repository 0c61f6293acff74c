"""Numbers on their way into JSON and out of it."""

import math
from collections.abc import Mapping
from typing import Any


def finite_number(value: Any) -> float | None:
    """The number that a value of a JSON is.

    Args:
        value (Any): Whatever stands where a number should.

    Returns:
        float | None: None for what is no finite number: text, lists, truth
        values, nan, infinity, and integers that are too large for a float.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # an integer of more than 308 digits
        return None


def without_nan(value: Any) -> Any:
    """The same with null for nan, which JSON does not know.

    Args:
        value (Any): Numbers, text, None, and lists, tuples and mappings of
            them.

    Returns:
        Any: As new lists and dicts.
    """
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, Mapping):
        return {key: without_nan(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(entry) for entry in value]
    return value
