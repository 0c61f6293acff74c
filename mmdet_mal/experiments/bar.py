"""A bar over parts of unequal length, with the time left."""

import sys
from collections.abc import Callable

from tqdm import tqdm

from mmdet_mal.labelling.fork_safe_bars import make_bars_fork_safe

from .command import progress_of

make_bars_fork_safe()

# Between two lines where the bar cannot be drawn over, as in a log file.
_SECONDS_IN_A_LOG = 30


class PartsBar:
    """One bar over all parts of an experiment; use it in a ``with`` block.

    Parts count by their expected cost, so that the time left is about right
    although some train longer.

    Args:
        costs (list[float]): of the parts that are to be done, in any unit.
        what (str): a few words that name the work.
    """

    def __init__(self, costs: list[float], what: str) -> None:
        self._costs = list(costs)
        self._done = 0.
        self._bar = tqdm(
            total=sum(costs) or 1, desc=what, smoothing=0, file=sys.stderr,
            mininterval=.2 if sys.stderr.isatty() else _SECONDS_IN_A_LOG,
            bar_format='{desc}: {percentage:3.0f}%|{bar}| {elapsed} gone, '
                       '{remaining} left{postfix}')

    def __enter__(self) -> 'PartsBar':
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._bar.close()

    def listener(self, name: str, start: float, end: float,
                 epochs: int = 1) -> Callable[[str], None]:
        """What reads the output of one step of the current part.

        Args:
            name (str): shown behind the bar.
            start (float): share of the part that is done before the step.
            end (float): share that is done after it.
            epochs (int): as in :func:`~.command.progress_of`.

        Returns:
            Callable: takes a line.
        """
        self._bar.set_postfix_str(name, refresh=False)
        self._show(start)

        def listen(line: str) -> None:
            share = progress_of(line, epochs)
            if share is not None:
                self._show(start + share * (end - start))

        return listen

    def finish_part(self) -> None:
        """The current part is done, or has failed; the next one begins."""
        self._show(1.)
        self._done += self._costs.pop(0)

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        tqdm.write(text, file=sys.stderr)

    def _show(self, share: float) -> None:
        # A resumed training starts in the middle; a bar never goes back.
        value = self._done + share * self._costs[0]
        if value > self._bar.n:
            self._bar.update(value - self._bar.n)
        elif sys.stderr.isatty():  # in a log each state would be a line
            self._bar.refresh()
