"""One thread that works off jobs in order, a bounded number of them ahead."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class BackgroundWorker:
    """Does jobs in a thread of its own, one after the other.

    Used within ``with``.  At the end of the block every job has been done; if
    the block raises, jobs that have not begun are dropped.  A job that raises
    stops all later ones, and the exception, with its traceback, comes out of
    the next :meth:`submit` or of the end of the block.

    Args:
        depth: jobs that may wait or be in work when :meth:`submit` returns, at
            least 1.  What they hold stays in memory.
    """

    def __init__(self, depth: int = 2) -> None:
        if depth < 1:
            raise ValueError(f'depth is {depth}, expected at least 1')
        self.depth = depth
        self._executor = ThreadPoolExecutor(1, thread_name_prefix='encoder')
        self._jobs: deque[Future] = deque()
        self._failed = False

    def submit(self, job: Callable[..., Any], *args: Any) -> None:
        """Queue a job; waits while ``depth`` others are not done.

        Raises:
            Exception: what an earlier job raised.
        """
        while self._jobs and (len(self._jobs) >= self.depth
                              or self._jobs[0].done()):
            self._jobs.popleft().result()
        self._jobs.append(self._executor.submit(self._do, job, args))

    def __enter__(self) -> 'BackgroundWorker':
        return self

    def __exit__(self, error_type: type | None, *exc_info: object) -> None:
        self._executor.shutdown(wait=True, cancel_futures=error_type is not None)
        if error_type is None:
            for job in self._jobs:
                job.result()

    def _do(self, job: Callable[..., Any], args: tuple) -> None:
        if self._failed:
            return
        try:
            job(*args)
        except BaseException:
            self._failed = True
            raise
