"""Run a command as a user would, with the lines that matter on the screen."""

import io
import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Mapping, Sequence

from mmdet_mal.utils.errors import UserError

# MMEngine prints its whole config and every hook before the first iteration;
# that goes to the log file only.
SHOWN = re.compile(
    r'(Epoch|Iter)\((train|val|test)\)|box/s|picture/s|^[|+]'
    r'|Label run|annotations of|^\w+\.py: error:|Traceback')
_TAIL = 15


def run_command(command: Sequence[str], log_file: str,
                environment: Mapping[str, str] | None = None) -> None:
    """Run a command; all output goes to a log, some of it to the screen.

    Progress bars (lines that end in a carriage return) are passed through.

    Args:
        command (Sequence[str]): program and arguments; 'python' stands for
            the interpreter that is running.
        log_file (str): file to write; its folder exists.
        environment (Mapping[str, str], optional): variables to add.

    Raises:
        UserError: the command failed; the message ends with its last lines.
    """
    print('$ ' + ' '.join(command), flush=True)
    program = sys.executable if command[0] == 'python' else command[0]
    tail: deque[str] = deque(maxlen=_TAIL)
    with open(log_file, 'w', encoding='utf-8') as log, subprocess.Popen(
            [program, *command[1:]], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, 'PYTHONUNBUFFERED': '1', **(environment or {})}
    ) as process:
        # newline='' keeps the carriage returns of progress bars.
        for line in _lines(io.TextIOWrapper(
                process.stdout, encoding='utf-8', errors='replace', newline='')):
            log.write(line)
            tail.append(line.rstrip())
            if SHOWN.search(line):
                print(_shorten(line), end='', flush=True)
    if process.returncode:
        raise UserError(
            f'`{" ".join(command)}` ended with code {process.returncode}; its '
            f'output is in {log_file} and ends: ' + ' / '.join(
                line for line in tail if line))


def _lines(stream):
    """Pieces of a text stream that end in a line feed or carriage return."""
    piece = ''
    while char := stream.read(1):
        piece += char
        if char in '\r\n':
            yield piece
            piece = ''
    if piece:
        yield piece + '\n'


def _shorten(line: str) -> str:
    """A line of MMEngine without its date and name."""
    return re.sub(r'^\S+ \S+ - mmengine - INFO - ', '', line)
