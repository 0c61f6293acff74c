"""How many cores this process may use."""

import math
import os
from pathlib import Path

_CGROUPS = Path('/sys/fs/cgroup')
_OWN_CGROUPS = Path('/proc/self/cgroup')
# What launchers call the number of processes on this machine.
_LOCAL_RANKS = ('LOCAL_WORLD_SIZE', 'OMPI_COMM_WORLD_LOCAL_SIZE',
                'SLURM_NTASKS_PER_NODE')


def usable_cores(cgroups: Path = _CGROUPS,
                 own_cgroups: Path = _OWN_CGROUPS) -> int:
    """Count the cores that this process may use.

    The smaller of the cores that it may run on (``taskset``, Slurm) and of its
    processor quota (Docker's ``--cpus``, Kubernetes), of which a part of a core
    counts as none.  torch looks at the first alone.

    Args:
        cgroups: Where control groups are mounted; like the next, another one in
            tests.
        own_cgroups: Tells the groups of this process.

    Returns:
        At least 1.
    """
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # another system than Linux
        cores = os.cpu_count() or 1
    quota = cpu_quota(cgroups, own_cgroups)
    return max(1, min(cores, math.floor(quota)) if quota else cores)


def cpu_quota(cgroups: Path = _CGROUPS,
              own_cgroups: Path = _OWN_CGROUPS) -> float | None:
    """The tightest processor quota of the groups that this process is in.

    Args:
        cgroups, own_cgroups: As for :func:`usable_cores`.

    Returns:
        Cores, such as 1.5; None without a quota.
    """
    quotas = [quota for group in _groups(cgroups, own_cgroups)
              if (quota := _quota_of(group)) is not None]
    return min(quotas, default=None)


def local_ranks() -> int:
    """Processes of this run on this machine, as the launcher says; else 1."""
    for name in _LOCAL_RANKS:
        value = os.environ.get(name, '')
        if value.isdigit() and int(value):
            return int(value)
    return 1


def _groups(cgroups: Path, own_cgroups: Path) -> list[Path]:
    """Folders of the groups of this process and of those around them."""
    try:
        lines = own_cgroups.read_text().splitlines()
    except OSError:
        return []
    found: list[Path] = []
    for line in lines:  # number:controllers:/path; version 2 names none
        _, controllers, path = [*line.split(':', 2), '', ''][:3]
        if controllers and 'cpu' not in controllers.split(','):
            continue
        root = cgroups / controllers if controllers else cgroups
        group = root / path.lstrip('/')
        # Within a container its own group may be mounted as the root.
        for folder in (group, *group.parents):
            if folder != root and root not in folder.parents:
                break
            if folder not in found:
                found.append(folder)
    return found


def _quota_of(group: Path) -> float | None:
    """Cores that one group allows, None if it sets no limit."""
    try:
        if (group / 'cpu.max').exists():  # version 2
            quota, period = (group / 'cpu.max').read_text().split()
        else:
            quota = (group / 'cpu.cfs_quota_us').read_text().strip()
            period = (group / 'cpu.cfs_period_us').read_text().strip()
        if quota in ('max', '-1'):
            return None
        cores = int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None
    return cores if cores > 0 else None
