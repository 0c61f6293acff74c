"""The progress of a label run for people: a bar in boxes."""

import sys
from typing import TextIO

from tqdm import tqdm

from .fork_safe_bars import make_bars_fork_safe

make_bars_fork_safe()

# Seconds between two updates where nobody watches: a log file.
_LOG_INTERVAL = 30.


def box_bar(total: int, done: int = 0, text: str = 'label',
            enabled: bool = True, file: TextIO | None = None) -> tqdm:
    """Make a bar with rate and remaining time, counted in boxes.

    Args:
        total: boxes in all.
        done: of these, boxes that an earlier run finished; they do not count
            for the rate.
        text: what is in front of the bar.
        enabled: show it; a bar that is not shown may be updated like any.
        file: where to, by default the standard error.

    Returns:
        The bar; ``update(n)`` after n boxes, ``close()`` at the end.
    """
    file = file or sys.stderr
    watched = file.isatty()
    return tqdm(total=total, initial=done, desc=text, unit='box', file=file,
                disable=not enabled, dynamic_ncols=watched,
                mininterval=.5 if watched else _LOG_INTERVAL,
                # Else a pause (a slow image) would hold back the next line.
                miniters=1)
