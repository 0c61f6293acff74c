"""SIGINT and SIGTERM during a label run: finish, flush, leave with 130 or 143."""

import contextlib
import os
import shlex
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

# The command that a launcher was started with; the ranks' own is of no use to a
# person.  tools/dist_label.sh and dist_test.sh set it.
COMMAND_VARIABLE = 'MAL_COMMAND'

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# Launchers and terminals send one request several times over (Ctrl-C reaches the
# whole foreground group, and torchrun passes it on): signals this close together
# are one.
_BURST_SECONDS = 1.


class LabelRunStopped(SystemExit):
    """A signal ended the run; exits the process with 128 + its number.

    Attributes:
        signal: the signal.
        reported: whether a person has been told how to go on.
    """

    def __init__(self, number: signal.Signals) -> None:
        super().__init__(128 + number)
        self.signal = number
        self.reported = False

    def __str__(self) -> str:
        return f'stopped by {self.signal.name}'


class StopSignals:
    """Handles SIGINT and SIGTERM within a ``with`` block.

    The first signal raises :class:`LabelRunStopped` where the program is, or,
    inside :meth:`finishing`, only sets :attr:`signal`, so that what is in work
    can be completed.  A second one, at least a second later, ends the process
    at once.  The handlers that were there before are put back at the end.

    In a thread other than the main one Python cannot handle signals; then, as
    for a signal that whoever started us had ignored, nothing changes.

    Attributes:
        signal: the first signal that came, None before.
    """

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        self._finishing = False
        self._came = 0.
        self._process = -1
        self._before: dict[int, Any] = {}

    def __enter__(self) -> 'StopSignals':
        self._process = os.getpid()
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                if signal.getsignal(number) != signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *exc_info: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    @contextlib.contextmanager
    def finishing(self) -> Iterator[None]:
        """Within the block a signal is only noted, in :attr:`signal`."""
        self._finishing = True
        try:
            yield
        finally:
            self._finishing = False

    def raise_if_stopped(self) -> None:
        """Raise :class:`LabelRunStopped` if a signal came."""
        if self.signal is not None:
            raise LabelRunStopped(self.signal)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:
            return  # a forked worker: its parent decides
        if self.signal is None:
            self.signal, self._came = signal.Signals(number), time.monotonic()
            if not self._finishing:
                raise LabelRunStopped(self.signal)
            # Not print: the signal may have come in the middle of one.
            os.write(2, f'\n{self.signal.name}: finishing the chunk in work; '
                     'a second signal stops at once\n'.encode())
        elif time.monotonic() - self._came > _BURST_SECONDS:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)


@contextlib.contextmanager
def starting_workers() -> Iterator[None]:
    """Hold signals back while worker processes are started.

    A worker inherits the block, so that no signal reaches it before it calls
    :func:`ignore_stop_signals`.  This process sees its signals at the end, if
    no other thread of it takes them.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ignore_stop_signals() -> None:
    """Leave signals to the parent process; for workers that it will end.

    Ctrl-C and launchers signal the whole process group: a worker that died of
    it would take the chunk in work along.
    """
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    # What starting_workers held back; those that waited are dropped by now.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def resume_command() -> str:
    """Return the command that started this program, to be started again."""
    return os.environ.get(COMMAND_VARIABLE) or shlex.join(sys.orig_argv)
