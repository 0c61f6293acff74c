"""The images that a page's masks are in."""

import dataclasses
from typing import Any

from .label_file import LabelFile


@dataclasses.dataclass
class ReviewImages:
    """Images of the file that is judged, in its order.

    Attributes:
        names (list[str]): File names, '' where there is none.
        ids (list): As in the file.
        shapes (list[tuple[int, int] | None]): (height, width) as stated, None
            where that is no size.
    """
    names: list[str]
    ids: list[Any]
    shapes: list[tuple[int, int] | None]


def read_images(file: LabelFile) -> ReviewImages:
    """Read names and sizes of the images of a label file."""
    names, ids, shapes = [], [], []
    for entry in file.source.entries('images'):
        name = entry.get('file_name')
        names.append(name if isinstance(name, str) else '')
        ids.append(entry.get('id'))
        shape = (entry.get('height'), entry.get('width'))
        known = all(type(side) is int and side > 0 for side in shape)
        shapes.append(shape if known else None)
    return ReviewImages(names, ids, shapes)
