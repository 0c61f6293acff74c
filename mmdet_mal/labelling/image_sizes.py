"""Stated sizes of images, by their ids, for files that fit in memory."""

from collections.abc import Mapping, Sequence
from typing import Any


def image_sizes(images: Sequence[dict[str, Any]]) -> dict[Any, tuple[int, int]]:
    """Return (height, width) by image id, for entries with a usable size."""
    sizes: dict[Any, tuple[int, int]] = {}
    for entry in images:
        size = (entry.get('height'), entry.get('width'))
        if (all(type(v) is int and v > 0 for v in size)
                and isinstance(entry.get('id'), (int, str))):
            sizes.setdefault(entry['id'], size)
    return sizes


def image_size(annotation: dict[str, Any],
               sizes: Mapping[Any, tuple[int, int]]) -> tuple[int, int] | None:
    """Return the size of an annotation's image, None if unknown."""
    image_id = annotation.get('image_id')
    return sizes.get(image_id) if isinstance(image_id, (int, str)) else None
