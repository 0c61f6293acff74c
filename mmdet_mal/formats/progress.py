"""A progress bar over many small files."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar('Item')
_SECONDS_BEFORE_SHOWN = 3
# Between two lines where the bar cannot be drawn over, as in a log file.
_SECONDS_IN_A_LOG = 30


def watch(items: Sequence[Item], what: str, unit: str) -> Iterator[Item]:
    """Yield items under a bar that appears after three seconds.

    Args:
        items: Anything.
        what: A word that names the work.
        unit: What one item is.
    """
    interval = .2 if sys.stderr.isatty() else _SECONDS_IN_A_LOG
    yield from tqdm(items, desc=what, unit=f' {unit}', file=sys.stderr,
                    delay=_SECONDS_BEFORE_SHOWN, mininterval=interval)


def watch_images(items: Iterable[Item], total: int) -> Iterator[Item]:
    """Yield images of an export under a bar; as :func:`watch`.

    Args:
        items: A stream.
        total: Number of its images.
    """
    interval = .2 if sys.stderr.isatty() else _SECONDS_IN_A_LOG
    yield from tqdm(items, desc='export', total=total, unit=' image',
                    file=sys.stderr, delay=_SECONDS_BEFORE_SHOWN,
                    mininterval=interval)
