"""Sets this process up for the machine: threads, denormals, allocator."""

import ctypes
import os

from .cores import local_ranks, usable_cores
from .precision import Precision
from .processor import this_processor

# Who sets one of these has chosen the number of threads.
_THREAD_VARIABLES = ('OMP_NUM_THREADS', 'MKL_NUM_THREADS')
# Who sets one of these, or puts another allocator in front, has chosen.
_MALLOC_VARIABLES = ('MALLOC_TRIM_THRESHOLD_', 'MALLOC_MMAP_THRESHOLD_',
                     'GLIBC_TUNABLES', 'LD_PRELOAD')
# Of malloc.h: what mallopt sets; and the largest that it takes.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_NEVER_TRIM = 2**31 - 1
_LARGEST_MMAP_THRESHOLD = 32 * 2**20


def choose_threads(cores: int, ranks: int = 1) -> tuple[int | None, str]:
    """Threads that the arithmetic of this process uses.

    Args:
        cores: That this process and its siblings may use.
        ranks: Processes of the run on this machine.

    Returns:
        The number, None where a person has set it; and why.
    """
    for name in _THREAD_VARIABLES:
        if os.environ.get(name):
            return None, f'{name}={os.environ[name]} is set'
    among = f' among {ranks} processes' if ranks > 1 else ''
    return (max(1, cores // max(1, ranks)),
            f'{cores} usable core{"s" * (cores != 1)}{among}')


def keep_freed_memory() -> bool:
    """Have glibc keep what is freed, for the next tensor of that size.

    By itself it gives large pieces back to the system, which then hands out
    zeroed pages again, one fault each: a sixth of a small training step.  What
    the process takes at its peak is the same.

    Returns:
        Whether it was set: not with another C library, nor where a person has
        set what mallopt would override.
    """
    if any(os.environ.get(name) for name in _MALLOC_VARIABLES):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    return bool(mallopt(_M_TRIM_THRESHOLD, _NEVER_TRIM)
                and mallopt(_M_MMAP_THRESHOLD, _LARGEST_MMAP_THRESHOLD))


def prepare_process(precision: Precision | None = None) -> str:
    """Set threads by the cores, flush denormals, keep freed memory.

    Call it before the first computation: threads that torch starts inherit how
    their parent treats denormals, and so do forked workers.  Numbers below
    1.2e-38 become 0: nothing in a mask is that small, and some processors take
    many times as long for them.

    Args:
        precision: Of the network, for the line.

    Returns:
        What was chosen and why, one line for the log.
    """
    import numpy as np
    import torch
    # NumPy looks at the smallest numbers once, and warns if they are 0.
    for kind in (np.float16, np.float32, np.float64):
        np.finfo(kind)
    threads, reason = choose_threads(usable_cores(), local_ranks())
    if threads is not None:
        torch.set_num_threads(threads)
    flushed = torch.set_flush_denormal(True)
    keep_freed_memory()
    device = ('cpu' if not torch.cuda.is_available()
              else torch.cuda.get_device_name())
    parts = [this_processor().name if device == 'cpu' else device]
    if precision is not None:
        parts.append(str(precision))
    parts.append(f'threads {torch.get_num_threads()} ({reason})')
    if not flushed:
        parts.append('denormals are not flushed (this processor cannot)')
    return f'machine: {"; ".join(parts)}'
