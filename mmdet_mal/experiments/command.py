"""Run a command of an experiment: its output in a log, its progress to a bar."""

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.held_signals import hold_signals

from .running_steps import RunningSteps, StepStopped, signal_group

_TAIL_LINES = 12
_WAIT_SECONDS = 15
_POLL_SECONDS = .05
_READ_BYTES = 1 << 16
# What tools end with after a person's mistake.
_TOOL_ERROR = re.compile(r'^\S+: error: (.*)')
# 'Epoch(train) [2][ 10/75]', 'Iter(train) [ 10/300]', 'Epoch(test) [ 5/60]'
_ITERATION = re.compile(
    r'(?:Epoch|Iter)\((?:train|val|test)\)\s+(?:\[(\d+)\])?\[\s*(\d+)/(\d+)\]')
# A bar of tqdm: '… 35%|'
_PERCENT = re.compile(r'(\d+)%\|')


class CommandFailed(UserError):
    """A command of an experiment ended with an error code."""


def run_step(command: Sequence[str], log_file: str | Path,
             on_line: Callable[[str], None] = lambda line: None,
             environment: Mapping[str, str] | None = None,
             keep_open: Sequence[int] = (),
             running: RunningSteps | None = None) -> None:
    """Run a command to its end.

    It runs in a process group of its own, of which nothing is left afterwards:
    a data loader's worker may outlive its training.  When we are interrupted
    the command is interrupted too and waited for, so that it can leave its
    files whole.

    Args:
        command (Sequence[str]): program and arguments; 'python' stands for the
            interpreter that is running.
        log_file (str | Path): all output is appended to it.
        on_line (Callable): called with each line, and each state of a bar.
        environment (Mapping[str, str], optional): variables to add.
        keep_open (Sequence[int]): file descriptors for the command to hold, such
            as a lock that must outlive us if we are killed.
        running (RunningSteps, optional): where the command is registered; who
            waits for it in another thread than the main one has to give it.

    Raises:
        CommandFailed: it ended with another code than 0; the message has its
            own error message, else its last lines.
        StepStopped: ``running`` was stopped.
    """
    program = sys.executable if command[0] == 'python' else command[0]
    tail: deque[str] = deque(maxlen=_TAIL_LINES)
    Path(log_file).parent.mkdir(parents=True, exist_ok=True)
    with open(log_file, 'a', encoding='utf-8') as log:
        log.write('$ ' + ' '.join(command) + '\n')
        log.flush()

        def popen() -> subprocess.Popen:
            return subprocess.Popen(
                [program, *command[1:]], stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, bufsize=0, pass_fds=tuple(keep_open),
                start_new_session=True,
                env={**os.environ, 'PYTHONUNBUFFERED': '1', **(environment or {})})

        process = None
        try:
            with hold_signals():  # a command that has started must be known
                process = popen() if running is None else running.start(popen)
            sweeper = threading.Thread(target=_sweep, args=(process.pid, ))
            sweeper.start()
            for line in _pieces(process.stdout):
                log.write(line)
                log.flush()
                if line.strip():
                    tail.append(line.strip())
                on_line(line)
        except BaseException:
            if process is not None:
                _interrupt(process.pid)
            raise
        else:
            sweeper.join()
        finally:
            if process is not None:
                if running is not None:
                    running.forget(process)
                code = process.wait()
                process.stdout.close()
    if code and running is not None and running.stopped:
        raise StepStopped
    if code:
        raise CommandFailed(f'{_reason(tail, code)} (all of it: {log_file})')


def progress_of(line: str, epochs: int = 1) -> float | None:
    """How far a command is, from a line of its output.

    Args:
        line (str): a log line of MMEngine, or the state of a bar.
        epochs (int): of the whole training, where it counts in epochs.

    Returns:
        float | None: in [0, 1]; None if the line does not say.
    """
    match = _ITERATION.search(line)
    if match:
        epoch, done, total = match.groups()
        share = int(done) / max(int(total), 1)
        if epoch is not None:
            share = (int(epoch) - 1 + share) / max(epochs, 1)
        return min(max(share, 0.), 1.)
    match = _PERCENT.search(line)
    return min(int(match[1]) / 100, 1.) if match else None


def exit_on_sigterm() -> None:
    """Let SIGTERM and a hang-up unwind the program: the running step ends too."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, lambda number, frame: sys.exit(128 + number))


def _pieces(stream: io.RawIOBase):
    """Pieces of a byte stream that end in a line feed or carriage return."""
    rest = b''
    while block := stream.read(_READ_BYTES):
        *lines, rest = re.split(rb'(?<=[\r\n])', rest + block)
        for line in lines:
            yield line.decode('utf-8', 'replace')
    if rest:
        yield rest.decode('utf-8', 'replace') + '\n'


def _sweep(leader: int) -> None:
    """Wait for the end of a group's leader, and end what is left of the group.

    The leader is not reaped here, so that its number still means this group.
    """
    with contextlib.suppress(ChildProcessError):  # reaped after an interruption
        os.waitid(os.P_PID, leader, os.WEXITED | os.WNOWAIT)
        signal_group(leader, signal.SIGKILL)


def _interrupt(leader: int) -> None:
    """End a group as Ctrl-C would; by force what takes too long.

    A second signal to us meanwhile ends it by force at once.
    """
    # Started in the background of a shell, we and it ignore SIGINT.
    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    try:
        for number in (signal.SIGTERM if ignored else signal.SIGINT,
                       signal.SIGTERM):
            signal_group(leader, number)
            deadline = time.monotonic() + _WAIT_SECONDS
            while time.monotonic() < deadline:
                if os.waitid(os.P_PID, leader,
                             os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None:
                    return
                time.sleep(_POLL_SECONDS)
    finally:
        signal_group(leader, signal.SIGKILL)


def _reason(tail: Sequence[str], code: int) -> str:
    """One line that says why a command ended."""
    for line in reversed(tail):
        match = _TOOL_ERROR.match(line)
        if match:
            return match[1]
    lines = ' / '.join(list(tail)[-3:]) or 'without a word'
    if code < 0:
        return f'killed by signal {-code}: {lines}'
    return f'ended with code {code}: {lines}'


def keep_log_short() -> None:
    """Show warnings of MMEngine only: it tells each variable of each config."""
    from mmengine.logging import MMLogger
    MMLogger.get_instance('mmengine', log_level='WARNING')
