"""Runs a verb in a process of its own and ends with it.

Why not in this process: MMEngine keeps loggers, scopes, the message hub and its
registries per process, so that what a label run writes could depend on what
trained before it; memory goes back to the machine after each; each tool handles
signals in its own way, which is tested; and a crash deep in C++ ends the step
with a message, not all.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TextIO

from mmdet_mal.labelling.signals import LabelRunStopped

# Linux: what a process gets when its parent dies (prctl).
_PR_SET_PDEATHSIG = 1
# What is in work may take a while to be flushed; then it is killed.
_GRACE_SECONDS = 300
_TAIL = 15
_LIBC = ctypes.CDLL(None, use_errno=True)


class ChildFailed(Exception):
    """A step's process ended with a code that is not 0.

    Attributes:
        code: Its exit code; negative for a signal.
        tail: Its last lines, if they went through us.
        log: Where all of them are, else ''.
    """

    def __init__(self, code: int, tail: Sequence[str] = (),
                 log: str = '') -> None:
        super().__init__(f'exit code {code}')
        self.code = code
        self.tail = list(tail)
        self.log = log

    @property
    def user_error(self) -> str | None:
        """The message of a mistake that a person can mend, None for a bug."""
        if self.code != 2:
            return None
        for line in reversed(self.tail):
            _, found, message = line.partition(': error: ')
            if found:
                return message
        return None


def run_child(module: str, words: Sequence[str], lock: int,
              log_file: str | None = None,
              on_line: Callable[[str], None] | None = None) -> None:
    """Run ``python -m MODULE WORDS …`` to its end.

    A signal that ends this process ends the child first, gently; if this
    process is killed, the child gets SIGTERM from the system.

    Args:
        module: Name of a module with a main part.
        words: Its arguments.
        lock: Descriptor that the child keeps open, see
            :func:`.folder.hold_folder`.
        log_file: Gets all output; without it the child writes to our own
            standard output and error.
        on_line: Gets each line of the output as well.

    Raises:
        ChildFailed: If it ends with another code than 0.
        LabelRunStopped: As the signal handlers of the caller raise it.
    """
    parent = os.getpid()

    def prepare() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before prctl
            os._exit(1)

    command = [sys.executable, '-m', module, *words]
    pipe = subprocess.PIPE if log_file else None
    # A session of its own: Ctrl-C in a terminal reaches this process alone,
    # which passes it on, once.
    process = subprocess.Popen(
        command, stdout=pipe, stderr=subprocess.STDOUT if log_file else None,
        stdin=subprocess.DEVNULL, pass_fds=(lock,), start_new_session=True,
        preexec_fn=prepare, env={**os.environ, 'PYTHONUNBUFFERED': '1'},
        text=log_file is not None, errors='replace' if log_file else None)
    tail: deque[str] = deque(maxlen=_TAIL)
    try:
        if log_file:
            with open(log_file, 'a', encoding='utf-8') as log:
                log.write(f'$ {" ".join(command)}\n')
                for line in _copied(process.stdout, log):
                    tail.append(line)
                    if on_line:
                        on_line(line)
        code = process.wait()
    except BaseException as error:
        _end(process, error)
        raise
    if code:
        raise ChildFailed(code, tail, log_file or '')


def _copied(stream: TextIO, log: TextIO) -> Iterator[str]:
    """Lines of a stream, copied to a log."""
    for line in stream:
        log.write(line)
        log.flush()
        if line.strip():
            yield line.rstrip()


def _end(process: subprocess.Popen, error: BaseException) -> None:
    """Have a child end, and wait for it."""
    number = (error.signal if isinstance(error, LabelRunStopped)
              else signal.SIGTERM)
    if process.poll() is None:
        process.send_signal(number)
    try:
        process.communicate(timeout=_GRACE_SECONDS)  # also empties the pipe
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
