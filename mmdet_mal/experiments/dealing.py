"""Parts of an experiment, dealt to the jobs that are free first."""

import heapq
from collections.abc import Sequence


def deal(costs: Sequence[float], jobs: int,
         busy: Sequence[float] = ()) -> tuple[list[int], float]:
    """Which job takes which part, and when all are done.

    Parts are begun in their order, each by the job that is free first.

    Args:
        costs (Sequence[float]): expected cost of each part, in any unit.
        jobs (int): parts at the same time, at least 1.
        busy (Sequence[float]): what jobs still have before them, at most
            ``jobs`` numbers; the other jobs are free.

    Returns:
        tuple[list[int], float]: the job of each part, from 0; and the time
        until the last job is free.

    Example:
        >>> deal([3., 1., 1., 1.], jobs=2)
        ([0, 1, 1, 1], 3.0)
    """
    free = [(cost, job) for job, cost in enumerate(busy)]
    free += [(0., job) for job in range(len(free), jobs)]
    heapq.heapify(free)
    dealt, end = [], max(busy, default=0.)
    for cost in costs:
        time, job = heapq.heappop(free)
        dealt.append(job)
        end = max(end, time + cost)
        heapq.heappush(free, (time + cost, job))
    return dealt, end
