"""Steps that run at the same time, so that all of them can be ended."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable

_WAIT_SECONDS = 15.
# For the threads to see that what they wait for was killed.
_LAST_WAIT_SECONDS = 5.


class StepStopped(Exception):
    """A step did not start, or was ended, because everything is being stopped."""


class RunningSteps:
    """The steps that threads of this process wait for.

    Python hands signals to the main thread alone, which waits for none of the
    steps.  So whoever waits for a step registers it here, and the main thread
    stops them all.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._leaders: set[int] = set()
        self._stopped = False

    @property
    def stopped(self) -> bool:
        """Whether :meth:`stop` has been called: steps that fail now were ended."""
        return self._stopped

    def start(self, popen: Callable[[], subprocess.Popen]) -> subprocess.Popen:
        """Start a step that leads a process group of its own.

        Args:
            popen (Callable): starts it.

        Raises:
            StepStopped: everything is being stopped.
        """
        with self._changed:  # nothing starts between the last look and a stop
            if self._stopped:
                raise StepStopped
            process = popen()
            self._leaders.add(process.pid)
            return process

    def forget(self, process: subprocess.Popen) -> None:
        """A step has ended.  Before it is reaped: then its number is free."""
        with self._changed:
            self._leaders.discard(process.pid)
            self._changed.notify_all()

    def stop(self, wait_seconds: float = _WAIT_SECONDS) -> None:
        """End all steps as Ctrl-C would, by force what takes too long.

        No step can be started afterwards.  A second signal while it waits ends
        the rest by force at once.

        Args:
            wait_seconds (float): for each of the two friendly signals.
        """
        # Started in the background of a shell, we and they ignore SIGINT.
        ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
        self._stopped = True
        try:
            for number in (signal.SIGTERM if ignored else signal.SIGINT,
                           signal.SIGTERM):
                self._signal(number)
                if self._ended_within(wait_seconds):
                    return
        finally:
            self._signal(signal.SIGKILL)
        self._ended_within(_LAST_WAIT_SECONDS)

    def _signal(self, number: signal.Signals) -> None:
        with self._changed:
            for leader in self._leaders:
                signal_group(leader, number)

    def _ended_within(self, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self._leaders, seconds)


def signal_group(leader: int, number: signal.Signals) -> None:
    """Send a signal to a process group, if there still is one.

    Args:
        leader (int): process that leads it, not yet reaped.
        number (signal.Signals): the signal.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)
