"""A bar over parts of which several are under way at the same time."""

import sys
import threading
import time
from collections.abc import Callable, Sequence

from tqdm import tqdm

from mmdet_mal.labelling.fork_safe_bars import make_bars_fork_safe

from .command import progress_of
from .dealing import deal

make_bars_fork_safe()

# Between two lines where the bar cannot be drawn over, as in a log file.
_SECONDS_IN_A_LOG = 30


class JobsBar:
    """One bar over all parts of an experiment; use it in a ``with`` block.

    As :class:`~.bar.PartsBar`, but parts run side by side, and threads may call
    its methods.  The time left is that of the job which will be last: when fewer
    parts are left than there are jobs, no further one takes part.

    Args:
        costs (Sequence[float]): of the parts that are to be done, in any unit.
        jobs (int): parts at the same time.
        what (str): a few words that name the work.
        clock (Callable): seconds; another one in tests.
    """

    def __init__(self, costs: Sequence[float], jobs: int, what: str,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._costs = list(costs)
        self._jobs = jobs
        self._clock = clock
        self._lock = threading.RLock()
        self._begun: dict[int, float] = {}  # when
        self._shares: dict[int, float] = {}
        self._names: dict[int, str] = {}
        self._finished: set[int] = set()
        self._busy_seconds = 0.  # of finished parts
        self._bar = tqdm(
            total=sum(costs) or 1, desc=what, file=sys.stderr,
            mininterval=.2 if sys.stderr.isatty() else _SECONDS_IN_A_LOG,
            bar_format='{desc}: {percentage:3.0f}%|{bar}| {elapsed} gone{postfix}')

    def __enter__(self) -> 'JobsBar':
        return self

    def __exit__(self, *exc_info: object) -> None:
        with self._lock:
            self._bar.close()

    def begin(self, part: int, name: str) -> None:
        """A job takes a part.

        Args:
            part (int): its index among the costs.
            name (str): shown behind the bar.
        """
        with self._lock:
            self._begun[part] = self._clock()
            self._shares[part], self._names[part] = 0., name
            self._show()

    def listener(self, part: int, name: str, start: float, end: float,
                 epochs: int = 1) -> Callable[[str], None]:
        """What reads the output of one step of a part.

        Args:
            part (int): that has begun.
            name (str): shown behind the bar.
            start (float): share of the part that is done before the step.
            end (float): share that is done after it.
            epochs (int): as in :func:`~.command.progress_of`.

        Returns:
            Callable: takes a line.
        """
        with self._lock:
            self._names[part] = name
            self._advance(part, start)

        def listen(line: str) -> None:
            share = progress_of(line, epochs)
            if share is not None:
                self._advance(part, start + share * (end - start))

        return listen

    def finish(self, part: int) -> None:
        """A part is done, or has failed."""
        with self._lock:
            self._busy_seconds += self._clock() - self._begun.pop(part)
            del self._shares[part], self._names[part]
            self._finished.add(part)
            self._show()

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        with self._lock:
            tqdm.write(text, file=sys.stderr)

    def seconds_left(self) -> float | None:
        """Until all parts are done; None while nothing has been measured."""
        with self._lock:
            done = self._done()
            if not done:
                return None
            now = self._clock()
            busy = self._busy_seconds + sum(now - then
                                            for then in self._begun.values())
            under_way = [(1 - share) * self._costs[part]
                         for part, share in self._shares.items()]
            waiting = [cost for part, cost in enumerate(self._costs)
                       if part not in self._finished and part not in self._begun]
            return busy / done * deal(waiting, self._jobs, under_way)[1]

    def _advance(self, part: int, share: float) -> None:
        with self._lock:
            # A resumed training starts in the middle; a bar never goes back.
            self._shares[part] = max(self._shares[part], share)
            self._show()

    def _done(self) -> float:
        return (sum(self._costs[part] for part in self._finished)
                + sum(share * self._costs[part]
                      for part, share in self._shares.items()))

    def _show(self) -> None:
        left = self.seconds_left()
        time_left = '?' if left is None else tqdm.format_interval(left)
        names = '; '.join(self._names.values())
        self._bar.set_postfix_str(f'{time_left} left; {names}' if names
                                  else f'{time_left} left', refresh=False)
        step = self._done() - self._bar.n
        if step > 0:
            self._bar.update(step)
        elif sys.stderr.isatty():  # in a log each state would be a line
            self._bar.refresh()
