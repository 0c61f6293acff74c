"""Where jobs run: a GPU each while there are some, and a share of the cores."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mmdet_mal.machine.cores import usable_cores
from mmdet_mal.utils.errors import UserError

AUTO = 'auto'
_DEVICES = 'CUDA_VISIBLE_DEVICES'
# Who sets one of these has chosen the number of threads.
_THREADS = ('OMP_NUM_THREADS', 'MKL_NUM_THREADS')
# What a launcher says; the data loaders share the cores by it
# (mmdet_mal/machine/cores.py).
_NEIGHBOURS = 'LOCAL_WORLD_SIZE'


@dataclass(frozen=True)
class JobPlace:
    """Where one of several jobs runs.

    Attributes:
        environment: variables that its steps get in addition.
        device: in words, such as ``'GPU 0'``.
        threads: in words, such as ``'4 threads'``.
    """

    environment: Mapping[str, str]
    device: str
    threads: str

    def __str__(self) -> str:
        return f'{self.device}, {self.threads}'


def visible_gpus(environment: Mapping[str, str] = os.environ,
                 count: int | None = None) -> tuple[str, ...]:
    """Names of the GPUs that this process may use, for CUDA_VISIBLE_DEVICES.

    Args:
        environment (Mapping[str, str]): may have CUDA_VISIBLE_DEVICES: indices
            or UUIDs.
        count (int, optional): devices that CUDA sees; asked for by default.
    """
    if count is None:
        import torch
        count = torch.cuda.device_count()
    chosen = environment.get(_DEVICES)
    if chosen is None:
        return tuple(str(index) for index in range(count))
    # CUDA stops at the first name that it does not know: so few are visible.
    return tuple(name.strip() for name in chosen.split(','))[:count]


def choose_jobs(text: str, gpus: Sequence[str]) -> int:
    """Number of jobs that the option ``--jobs`` asks for.

    Args:
        text (str): a number, or ``'auto'``: one a GPU, without GPUs one.
        gpus (Sequence[str]): that are visible.

    Raises:
        UserError: it is neither.
    """
    if text == AUTO:
        return max(1, len(gpus))
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise UserError(f'--jobs {text}: expected a number of 1 or more, or '
                        f'"{AUTO}" (one job a visible GPU)')
    return int(text)


def job_places(jobs: int, gpus: Sequence[str],
               environment: Mapping[str, str] = os.environ,
               cores: int | None = None) -> list[JobPlace]:
    """Deal GPUs and cores to jobs.

    Args:
        jobs (int): at least 1.
        gpus (Sequence[str]): that are visible; job i gets number i modulo their
            count.
        environment (Mapping[str, str]): of this process.
        cores (int, optional): that this process may use; counted by default.

    Returns:
        list[JobPlace]: a place for each job.  One job gets what this process
        has: nothing is added to its environment.
    """
    cores = usable_cores() if cores is None else cores
    own = next((name for name in _THREADS if environment.get(name)), None)
    share = max(1, cores // jobs)
    threads = (f'{own}={environment[own]}' if own
               else f'{share} thread{"s" * (share != 1)}')
    places = []
    for job in range(jobs):
        added = {}
        device = f'GPU {gpus[job % len(gpus)]}' if gpus else 'CPU'
        if jobs > 1:
            if gpus:
                added[_DEVICES] = gpus[job % len(gpus)]
            if own is None:
                added[_THREADS[0]] = str(share)
            if not environment.get(_NEIGHBOURS):
                added[_NEIGHBOURS] = str(jobs)
        places.append(JobPlace(added, device, threads))
    return places
