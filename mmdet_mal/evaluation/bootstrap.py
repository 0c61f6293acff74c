"""Confidence intervals that respect images: boxes of one image are no
independent samples."""

import numpy as np

LEVEL = .95
SAMPLES = 2000


def bootstrap_interval(values: np.ndarray,
                       groups: np.ndarray,
                       samples: int = SAMPLES,
                       level: float = LEVEL,
                       seed: int = 0) -> tuple[float, float]:
    """Percentile interval of a mean, by drawing whole groups anew.

    Args:
        values (np.ndarray): (n,), float.
        groups (np.ndarray): (n,), the image of each value.
        samples (int): number of draws.
        level (float): coverage, in (0, 1).
        seed (int): of the draws; the interval is the same each time.

    Returns:
        tuple[float, float]: lower and upper bound; nan without values.  One
        image alone gives its mean twice: there is nothing to vary.
    """
    if not len(values):
        return float('nan'), float('nan')
    _, index = np.unique(groups, return_inverse=True)
    sums = np.bincount(index, weights=values)
    counts = np.bincount(index)
    # How often each image is drawn; the mean is over the boxes drawn with it.
    number = len(sums)
    drawn = np.random.default_rng(seed).multinomial(
        number, np.full(number, 1 / number), size=samples)
    means = (drawn @ sums) / (drawn @ counts)
    tail = (1 - level) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def paired_interval(values: np.ndarray, others: np.ndarray,
                    groups: np.ndarray, **options) -> tuple[float, float]:
    """Interval of the mean difference of two labellers on the same boxes.

    Args:
        values (np.ndarray): (n,), of the first labeller.
        others (np.ndarray): (n,), of the second.
        groups (np.ndarray): (n,), the image of each box.
        **options: as :func:`bootstrap_interval`.

    Returns:
        tuple[float, float]: bounds of mean(values - others); above 0 where
        the first is better beyond chance.
    """
    return bootstrap_interval(np.asarray(values) - np.asarray(others), groups,
                              **options)
