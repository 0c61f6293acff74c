"""Progress bars over files of boxes and images of an export."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from mmdet_mal.labelling.progress import show_progress

Item = TypeVar('Item')


def watch(items: Sequence[Item], what: str, unit: str) -> Iterator[Item]:
    """Yield items under a bar that appears after three seconds.

    Args:
        items: Anything.
        what: A word that names the work.
        unit: What one item is.
    """
    return show_progress(items, len(items), what, unit)


def watch_images(items: Iterable[Item], total: int) -> Iterator[Item]:
    """Yield images of an export under a bar; as :func:`watch`.

    Args:
        items: A stream.
        total: Number of its images.
    """
    return show_progress(items, total, 'export', 'image')
