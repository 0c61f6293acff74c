"""Pixels that masks of neighbours both claim: whose are they?

COCO allows masks to overlap, so the default everywhere is to leave them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

OWNERS = ('both', 'score', 'near')
AMONG = ('same-class', 'all')
# A mask that would lose more than this share keeps all of its pixels: a wrong
# owner costs more than a leak (docs/inference_switches.md).
MAX_LOSS = .25


@dataclass(frozen=True)
class Claim:
    """One mask of an image.

    Attributes:
        pixels: (h, w) bool, the part of the image that holds the mask.
        offset: (x, y) of its first pixel in image px.
        bbox: (x, y, width, height) of its box in image px.
        category: of its object; any value that can be compared.
        score: of the mask; None counts as 0.
    """

    pixels: np.ndarray
    offset: tuple[int, int]
    bbox: Sequence[float]
    category: Any = None
    score: float | None = None


def resolve_overlaps(claims: Sequence[Claim], owner: str = 'both',
                     among: str = 'same-class',
                     max_loss: float = MAX_LOSS) -> dict[int, np.ndarray]:
    """Give each pixel that several masks claim to one of them.

    The result does not depend on the order of the masks, ties apart: they go to
    the first.

    Args:
        claims: masks of one image.
        owner: who gets a pixel: ``'score'``, the mask of the higher score;
            ``'near'``, the mask whose box has its centre nearest, in half-axes
            of the box; ``'both'``, the mask for which both speak; where they
            disagree, all keep the pixel.
        among: ``'same-class'``: only masks of one class compete; or ``'all'``.
        max_loss: a mask that would lose a larger share keeps all its pixels.

    Returns:
        New pixels of the masks that change, by position, of the shape of the
        old ones; never empty.

    Raises:
        ValueError: for an unknown rule.
    """
    if owner not in OWNERS or among not in AMONG:
        raise ValueError(f'overlaps: {owner}, {among}: expected one of {OWNERS} '
                         f'and one of {AMONG}')
    lost = {}
    for first, one in enumerate(claims):
        for second in range(first + 1, len(claims)):
            other = claims[second]
            if among == 'same-class' and one.category != other.category:
                continue
            parts = _common_part(one, other)
            if parts is None:
                continue
            window, mine, yours = parts
            both = one.pixels[mine] & other.pixels[yours]
            if not both.any():
                continue
            loses, wins = _verdict(one, other, window, owner)
            for index, claim, part, given in (
                    (first, one, mine, both & loses),
                    (second, other, yours, both & wins)):
                taken = lost.setdefault(index, np.zeros_like(claim.pixels))
                taken[part] |= given
    changed = {}
    for index, taken in lost.items():
        pixels = claims[index].pixels
        number = np.count_nonzero(taken)
        if number and number <= max_loss * np.count_nonzero(pixels):
            changed[index] = pixels & ~taken
    return changed


def _verdict(one: Claim, other: Claim, window: tuple[int, int, int, int],
             owner: str) -> tuple[np.ndarray, np.ndarray]:
    """Where the first mask of two loses to the second, and where it wins."""
    difference = _distance(one.bbox, window) - _distance(other.bbox, window)
    # Ties go to the first.
    far = difference > 0
    low = np.full(far.shape, (one.score or 0.) < (other.score or 0.))
    if owner == 'both':
        return far & low, ~far & ~low
    return (far, ~far) if owner == 'near' else (low, ~low)


def _common_part(one: Claim, other: Claim) -> tuple | None:
    """Window (x0, y0, x1, y1) that two masks share and its place in each."""
    spans = []
    for axis in (0, 1):
        side = 1 - axis  # of the array
        low = max(one.offset[axis], other.offset[axis])
        high = min(one.offset[axis] + one.pixels.shape[side],
                   other.offset[axis] + other.pixels.shape[side])
        if high <= low:
            return None
        spans.append((low, high))
    (x0, x1), (y0, y1) = spans
    mine, yours = (np.s_[y0 - c.offset[1]:y1 - c.offset[1],
                         x0 - c.offset[0]:x1 - c.offset[0]] for c in (one, other))
    return (x0, y0, x1, y1), mine, yours


def _distance(bbox: Sequence[float], window: tuple[int, int, int, int]
              ) -> np.ndarray:
    """Squared distance of pixel centres from a box's centre, in half-axes."""
    x, y, width, height = (float(v) for v in bbox)
    x0, y0, x1, y1 = window
    xs = (np.arange(x0, x1) + .5 - x - width / 2) / max(width / 2, .5)
    ys = (np.arange(y0, y1) + .5 - y - height / 2) / max(height / 2, .5)
    return xs[None]**2 + ys[:, None]**2
