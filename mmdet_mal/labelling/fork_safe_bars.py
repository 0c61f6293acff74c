"""tqdm without what a process that is forked, or killed, leaves locked."""

import threading

from tqdm import tqdm


def make_bars_fork_safe() -> None:
    """Let bars be drawn in processes that are forked from each other.

    tqdm's own lock is shared between a process and its forks: a fork that is
    killed while it draws leaves all others waiting for ever.  And its watching
    thread may hold the lock at the moment of a fork.  A lock of each process's
    own and no such thread cost nothing but that bars of several processes may
    overwrite each other.
    """
    tqdm.monitor_interval = 0
    tqdm.set_lock(threading.RLock())
