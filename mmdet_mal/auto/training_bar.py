"""A bar from the lines of MMEngine's log."""

import re
import sys
from typing import TextIO

from tqdm import tqdm

_STEP = re.compile(r'Epoch\(train\)\s+\[(\d+)\]\[\s*(\d+)/(\d+)\]')
_LOSS = re.compile(r'\bloss: (\S+)')
# What a person should see although there is a bar.
_IMPORTANT = re.compile(
    r'WARNING|ERROR|Step skipped|Cannot go on|Traceback|licence of')
_UNIMPORTANT = re.compile(r'deprecated in future')  # MMEngine of itself
_NAME = re.compile(r'^\S+ \S+ - mmengine - ')
# Between two lines where the bar cannot be drawn over, as in a log file.
_SECONDS_IN_A_LOG = 30.


class TrainingBar:
    """Shows the progress of a training whose lines it is fed.

    Args:
        epochs: In all.
        epoch_steps: Steps of an epoch.
        file: Where to, by default the standard error.
    """

    def __init__(self, epochs: int, epoch_steps: int,
                 file: TextIO | None = None) -> None:
        file = file or sys.stderr
        self._epoch_steps = epoch_steps
        self._bar = tqdm(
            total=epochs * epoch_steps, desc='train', unit='step', file=file,
            dynamic_ncols=file.isatty(), miniters=1,
            mininterval=.5 if file.isatty() else _SECONDS_IN_A_LOG)
        self._began = False

    def feed(self, line: str) -> None:
        """Take a line of the log."""
        step = _STEP.search(line)
        if step:
            epoch, inner, _ = map(int, step.groups())
            self._move((epoch - 1) * self._epoch_steps + inner,
                       _LOSS.search(line))
        elif _IMPORTANT.search(line) and not _UNIMPORTANT.search(line):
            self._bar.write(_NAME.sub('', line), file=self._bar.fp)

    def close(self) -> None:
        """Draw it a last time."""
        self._bar.close()

    def _move(self, steps: int, loss: re.Match | None) -> None:
        if not self._began and steps > self._epoch_steps:
            # What an earlier start did says nothing about the rate.
            self._bar.initial = self._bar.n = steps
        self._began = True
        if loss:
            self._bar.set_postfix_str(f'loss {float(loss[1]):.2f}',
                                      refresh=False)
        self._bar.update(steps - self._bar.n)
