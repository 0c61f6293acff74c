"""Run a step of the demo, with the lines that matter on the screen."""

import re
from collections.abc import Mapping, Sequence

from mmdet_mal.experiments.command import run_step

# MMEngine prints its whole config and every hook before the first iteration;
# that goes to the log file only.
SHOWN = re.compile(
    r'(Epoch|Iter)\((train|val|test)\)|box/s|picture/s|^[|+]'
    r'|Label run|annotations of|^\w+\.py: error:|Traceback')


def run_command(command: Sequence[str], log_file: str,
                environment: Mapping[str, str] | None = None) -> None:
    """Run a command; all output goes to a log, some of it to the screen.

    Progress bars (lines that end in a carriage return) are passed through.

    Args:
        command (Sequence[str]): program and arguments; 'python' stands for
            the interpreter that is running.
        log_file (str): all output is appended to it.
        environment (Mapping[str, str], optional): variables to add.

    Raises:
        UserError: the command failed; the message has its own error message,
            else its last lines.
    """
    print('$ ' + ' '.join(command), flush=True)
    run_step(command, log_file, _show, environment)


def _show(line: str) -> None:
    """Print a line that matters, without MMEngine's date and name."""
    if SHOWN.search(line):
        print(re.sub(r'^\S+ \S+ - mmengine - INFO - ', '', line), end='',
              flush=True)
