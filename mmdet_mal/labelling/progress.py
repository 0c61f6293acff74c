"""Progress bars of what takes longer than a moment."""

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from .fork_safe_bars import make_bars_fork_safe

if TYPE_CHECKING:  # help must not wait for the data sets' imports
    from mmdet_mal.datasets.annotation_source import AnnotationSource

make_bars_fork_safe()

_SECONDS_BEFORE_SHOWN = 3
# Between two lines where the bar cannot be drawn over, as in a log file.
_SECONDS_IN_A_LOG = 30


def show_progress(items: Iterable[Any], total: int, what: str,
                  unit: str = 'boxes') -> Iterator[Any]:
    """Yield items under a progress bar that appears after three seconds.

    Args:
        items: anything.
        total: their number.
        what: a few words that name the work.
        unit: what the items are.

    Yields:
        The items.
    """
    interval = .2 if sys.stderr.isatty() else _SECONDS_IN_A_LOG
    yield from tqdm(items, desc=what, total=total, unit=f' {unit}',
                    delay=_SECONDS_BEFORE_SHOWN, mininterval=interval,
                    file=sys.stderr)


class WatchedSource:
    """A source whose annotations are read under a progress bar.

    Args:
        source: what is read.
        what: a few words that name the work.
    """

    def __init__(self, source: 'AnnotationSource', what: str) -> None:
        self._source = source
        self._what = what

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def entries(self, key: str) -> Iterator[Any]:
        """Entries of a top-level list."""
        return self._watch(key, self._source.entries(key))

    def records(self, key: str, kind: type) -> Iterator[Any]:
        """Some members of the entries of a top-level list."""
        return self._watch(key, self._source.records(key, kind))

    def _watch(self, key: str, entries: Iterator[Any]) -> Iterator[Any]:
        if key != 'annotations':
            return entries
        return show_progress(entries, self._source.count(key), self._what)
