"""How far a mask parts the colours of a picture."""

import numpy as np

# Bins a channel of Lab: few enough that a mask of 100 px fills them.
_BINS = (6, 8, 8)
# The bins cover the crop's own range but for these tails, and never less than
# so many grey levels: noise of a plain picture is no colour.
_COLOUR_TAILS = (.01, .99)
_LEAST_RANGE = 8
# Pixels added to every colour bin, spread evenly: a colour seen once is no proof.
_PRIOR_PX = 30.


def colour_bins(lab: np.ndarray) -> np.ndarray:
    """Index of each pixel's colour bin within the crop's own range.

    Args:
        lab: uint8 (h, w, 3), the picture in Lab.

    Returns:
        int64 (h, w).
    """
    index = np.zeros(lab.shape[:2], np.int64)
    for channel, count in enumerate(_BINS):
        values = lab[..., channel]
        seen = np.cumsum(np.bincount(values.reshape(-1), minlength=256))
        low, high = np.searchsorted(seen, np.array(_COLOUR_TAILS) * seen[-1])
        part = (np.arange(256) - low) / max(high - low, _LEAST_RANGE) * count
        index *= count
        index += np.clip(part, 0, count - 1).astype(np.int64)[values]
    return index


def colour_components(mask: np.ndarray, box: tuple[int, int, int, int],
                      bins: np.ndarray) -> dict[str, float]:
    """How far a mask parts the colours.

    Args:
        mask: bool (h, w), not empty.
        box: (x0, y0, x1, y1) in crop px, end exclusive.
        bins: (h, w), of :func:`colour_bins`.

    Returns:
        ``colour_gap``, ``colour_fit`` and ``left_out``, see
        :func:`~mmdet_mal.best_of.components.own_components`.
    """
    in_box = np.zeros(mask.shape, bool)
    in_box[box[1]:box[3], box[0]:box[2]] = True
    total = int(np.prod(_BINS))

    def counts(where: np.ndarray) -> np.ndarray:
        return np.bincount(bins[where], minlength=total).astype(np.float64)

    inside, outside = counts(mask), counts(~mask)
    prior = _PRIOR_PX * (inside + outside) / bins.size
    likely_in = (inside + prior) / (inside.sum() + _PRIOR_PX)
    likely_out = (outside + prior) / (outside.sum() + _PRIOR_PX)
    object_like = (likely_in > likely_out)[bins]
    left = in_box & ~mask
    fit = [float(object_like[part].mean() if wanted else
                 1 - object_like[part].mean())
           for part, wanted in ((mask & in_box, True), (left, False))
           if part.any()]
    around = counts(~in_box)
    rest = counts(left)
    likeness = 0.
    if around.any() and rest.any():
        likeness = np.sqrt((rest + prior) / (rest.sum() + _PRIOR_PX)
                           * (around + prior) / (around.sum() + _PRIOR_PX)).sum()
    return dict(colour_gap=1 - float(np.sqrt(likely_in * likely_out).sum()),
                colour_fit=float(np.mean(fit)) if len(fit) == 2 else .5,
                left_out=float(likeness))


def colour_likeness(inside: np.ndarray, outside: np.ndarray,
                    bins: np.ndarray) -> np.ndarray:
    """How much likelier each pixel's colour is inside than outside.

    Args:
        inside: bool (h, w), pixels of the one kind.
        outside: bool (h, w), pixels of the other.
        bins: (h, w), of :func:`colour_bins`.

    Returns:
        float64 (h, w) in [-1, 1].
    """
    total = int(np.prod(_BINS))
    one, other = (np.bincount(bins[part], minlength=total).astype(np.float64)
                  for part in (inside, outside))
    prior = _PRIOR_PX * (one + other) / max(float((one + other).sum()), 1.)
    one = (one + prior) / (one.sum() + _PRIOR_PX)
    other = (other + prior) / (other.sum() + _PRIOR_PX)
    return ((one - other) / np.maximum(one + other, 1e-12))[bins]
