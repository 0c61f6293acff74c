"""Values of a column that occur more than once."""

import numpy as np


def repeated(values: np.ndarray,
             among: np.ndarray | None = None) -> np.ndarray:
    """Positions of values that occur more than once.

    Nearly always there are few: only these are looked at in detail, which
    would else take several columns of temporaries.  One sorted copy is needed.

    Args:
        values (np.ndarray): Shape (n,), integers.
        among (np.ndarray, optional): Which of them count, shape (n,), bool.
            Defaults to all.

    Returns:
        np.ndarray: Positions, ascending, int64.
    """
    ordered = values.copy() if among is None else values[among]
    ordered.sort()  # in place: np.sort would make a second copy
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    del ordered
    if not len(twice):
        return np.zeros(0, dtype=np.int64)
    found = np.isin(values, twice)
    return np.flatnonzero(found if among is None else found & among)
