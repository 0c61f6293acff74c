"""Weights that rise at the start of training."""


def warmup_scale(iteration: int, warmup_iters: int) -> float:
    """Factor on a loss's weight: linear from near 0 to 1.

    Args:
        iteration (int): Iterations of the runner so far, from 0.
        warmup_iters (int): Length of the rise; 0 means none.

    Returns:
        float: In (0, 1].
    """
    if warmup_iters == 0:
        return 1.0
    return min(1.0, (iteration + 1) / warmup_iters)
