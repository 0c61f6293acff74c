"""Several parts of an experiment at the same time."""

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from mmdet_mal.utils.errors import UserError

from .running_steps import RunningSteps

# For what a thread still writes once its step was ended.
_JOIN_SECONDS = 5.

Item = TypeVar('Item')


class JobPool:
    """Threads that each wait for the steps of one part; use it in a ``with`` block.

    The work itself is done by the steps, which are processes of their own (see
    :func:`~.command.run_step`).  When the block is left by an exception, such as
    Ctrl-C, all of them are ended.

    Args:
        jobs (int): parts at the same time.

    Attributes:
        steps: to be handed to :func:`~.command.run_step`.
    """

    def __init__(self, jobs: int) -> None:
        self.steps = RunningSteps()
        self._jobs = jobs
        self._waiting: deque = deque()
        self._finished: queue.SimpleQueue = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> 'JobPool':
        return self

    def __exit__(self, kind: type | None, *exc_info: object) -> None:
        if kind is not None:
            self._waiting.clear()
            self.steps.stop()
        for thread in self._threads:
            thread.join(_JOIN_SECONDS)

    def each(self, items: Iterable[Item], work: Callable[[Item, int], None]
             ) -> Iterator[tuple[Item, UserError | None]]:
        """Work on all items; they are begun in their order.

        Args:
            items (Iterable): what to work on.
            work (Callable): takes an item and the number of the job, from 0; is
                called in a thread.

        Yields:
            tuple: an item that is finished, and why it failed or None.

        Raises:
            Exception: the work raised something else than a UserError, which is
                a fault of the program.
        """
        self._waiting.extend(items)
        total = len(self._waiting)
        for job in range(min(self._jobs, total)):
            # Daemons: a process that escaped its group must not keep us here.
            thread = threading.Thread(target=self._serve, args=(job, work),
                                      name=f'job {job + 1}', daemon=True)
            self._threads.append(thread)
            thread.start()
        for _ in range(total):
            item, error = self._finished.get()
            if error is not None and not isinstance(error, UserError):
                raise error
            yield item, error

    def _serve(self, job: int, work: Callable[[Item, int], None]) -> None:
        while True:
            try:
                item = self._waiting.popleft()
            except IndexError:
                return
            try:
                work(item, job)
            except BaseException as error:  # the main thread decides
                self._finished.put((item, error))
            else:
                self._finished.put((item, None))
