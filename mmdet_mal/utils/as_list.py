"""Settings that hold one thing, several or none."""

from typing import Any


def as_list(value: Any) -> list:
    """What MMEngine takes as one entry, a list of them, or None, as a list.

    Args:
        value (Any): Such as ``param_scheduler`` or ``test_evaluator``.

    Returns:
        list: A new one, empty for None.
    """
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]
