"""What the machine is, and how much memory a call takes on it (Linux)."""

import ctypes
import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path

MIB = 1 << 20

# What decides how fast arithmetic can be, by the names of /proc/cpuinfo.
_UNITS = ('avx2', 'avx512f', 'avx512_bf16', 'amx_bf16', 'amx_tile', 'asimd',
          'bf16')


def machine_name() -> str:
    """Processor, its units, cores that this process may use, and the GPU."""
    name = _cpu_facts().get('model name') or os.uname().machine
    text = f'{name}, {len(os.sched_getaffinity(0))} cores'
    units = [unit for unit in _UNITS if unit in _cpu_flags()]
    text += f" ({', '.join(units)})" if units else ''
    torch = sys.modules.get('torch')
    if torch is not None and torch.cuda.is_available():
        text += f', {torch.cuda.get_device_name()}'
    return text


def has_bf16() -> bool:
    """Whether the processor computes in bf16, rather than imitates it."""
    return bool({'avx512_bf16', 'amx_bf16', 'bf16'} & _cpu_flags())


def thread_count() -> int:
    """Threads of a computation: torch's, or OMP_NUM_THREADS without torch."""
    torch = sys.modules.get('torch')
    if torch is not None:
        return torch.get_num_threads()
    return int(os.environ.get('OMP_NUM_THREADS') or os.cpu_count())


def wait_for_device() -> None:
    """Wait until the GPU, if there is one in use, has done what it was given."""
    torch = sys.modules.get('torch')
    if torch is not None and torch.cuda.is_available():
        torch.cuda.synchronize()


def peak_mib(call: Callable[[], object]) -> float | None:
    """Memory that a call takes at most, beyond what was taken before it.

    On a GPU that was used, its allocator's peak; else the peak of this
    process's resident memory (processes that it starts are not counted).  What
    earlier calls freed is given back to the system first.

    Args:
        call (Callable): Called once, without arguments.

    Returns:
        float | None: MiB; None where the system does not tell.
    """
    gc.collect()
    torch = sys.modules.get('torch')
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        call()
        torch.cuda.synchronize()
        return (torch.cuda.max_memory_allocated() - before) / MIB
    give_back_freed()
    try:
        Path('/proc/self/clear_refs').write_text('5')  # VmHWM becomes VmRSS
    except OSError:
        call()
        return None
    before = status_bytes('VmRSS')
    call()
    return (status_bytes('VmHWM') - before) / MIB


def status_bytes(name: str) -> int:
    """A size of /proc/self/status in bytes, such as ``VmRSS`` or ``VmHWM``.

    Raises:
        OSError: If the system has no such line; this needs Linux.
    """
    for line in _lines('/proc/self/status'):
        if line.startswith(f'{name}:'):
            return int(line.split()[1]) * 1024
    raise OSError(f'/proc/self/status has no {name}; this benchmark needs Linux')


def _cpu_facts() -> dict[str, str]:
    """What the system says of the first core."""
    facts: dict[str, str] = {}
    for line in _lines('/proc/cpuinfo'):
        key, _, value = line.partition(':')
        facts.setdefault(key.strip(), value.strip())
    return facts


def _cpu_flags() -> set[str]:
    facts = _cpu_facts()
    return set(facts.get('flags', facts.get('Features', '')).split())


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text().splitlines() if file.exists() else []


def give_back_freed() -> None:
    """Return freed memory to the system, so that using it again is seen."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except AttributeError:  # another C library than glibc
        pass
