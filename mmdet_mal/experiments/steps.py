"""Steps that experiments share: trainings, and the time that steps take."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from mmdet_mal.utils.errors import UserError

from .command import run_step
from .folder import read_json, write_json
from .running_steps import RunningSteps


@contextmanager
def timed(folder: Path, step: str) -> Iterator[None]:
    """Add the time of a step, finished or not, to ``seconds.json``.

    Args:
        folder (Path): of the file.
        step (str): its name there.
    """
    path, start = folder / 'seconds.json', time.monotonic()
    try:
        yield
    finally:
        seconds = read_json(path) if path.is_file() else {}
        seconds[step] = seconds.get(step, 0.) + time.monotonic() - start
        write_json(path, seconds)


def train_once(folder: Path, tool: str, config: Path,
               on_line: Callable[[str], None],
               keep_open: Sequence[int] = (),
               environment: Mapping[str, str] | None = None,
               running: RunningSteps | None = None) -> str:
    """Train, go on training, or do nothing if it is done.

    Args:
        folder (Path): gets ``train/`` (the work folder), ``log.txt``, and
            ``trained.json`` once the training has ended.
        tool (str): training script with ``--work-dir`` and ``--resume``.
        config (Path): config file.
        on_line (Callable): called with each line of its output.
        keep_open (Sequence[int]): file descriptors for it to hold.
        environment, running: as in :func:`~.command.run_step`.

    Returns:
        str: path of the last checkpoint.

    Raises:
        UserError: it failed or left no checkpoint.
    """
    work_dir, done, log = folder / 'train', folder / 'trained.json', folder / 'log.txt'
    if not done.is_file():
        with timed(folder, 'train'):
            run_step(['python', tool, str(config), '--work-dir', str(work_dir),
                      '--resume'], log, on_line, environment, keep_open, running)
        note = work_dir / 'last_checkpoint'
        if not note.is_file():
            raise UserError(f'{work_dir}: training left no checkpoint (is the '
                            f'checkpoint hook off?); its output is in {log}')
        # The name alone, so that the folder may be moved.
        name = Path(note.read_text(encoding='utf-8').strip()).name
        write_json(done, dict(checkpoint=name))
    return str(work_dir / read_json(done)['checkpoint'])
