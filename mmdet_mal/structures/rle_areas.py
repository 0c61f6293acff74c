"""Areas of many masks at once, from their run lengths."""

from collections.abc import Sequence

import numpy as np

from .rle import MAX_PIXELS, RLE, unpack_numbers


def rle_areas(rles: Sequence[RLE]) -> np.ndarray:
    """Foreground pixels of compressed RLEs, checked as ``rle_counts`` checks them.

    The arithmetic of :func:`.rle.rle_counts` on all strings in one go, since
    its calls of numpy cost more than their work.

    Args:
        rles: at least one, ``{'size': [h, w], 'counts': str}`` each.

    Returns:
        (n,) int64.

    Raises:
        ValueError: if any of them is not sound; ``rle_counts`` says which one
            and why.
        TypeError: likewise, if its parts are of other types.
    """
    pixels = _pixels([rle['size'] for rle in rles])
    strings = [rle['counts'] for rle in rles]
    ends = np.cumsum([len(string) for string in strings])
    # Six bits a character; one below '0' becomes a large number.
    text = ''.join(strings).encode()
    codes = np.frombuffer(text, np.uint8) - np.uint8(48)
    if (len(codes) != ends[-1] or '' in strings or codes.max() > 63
            or (codes[ends - 1] & 32).any()):
        raise ValueError('RLE counts are not strings as pycocotools writes them')
    last = np.flatnonzero(codes < 32)
    values = unpack_numbers(codes, last)

    # Lanes of every second number; a mask begins at an even place.
    begins = np.r_[0, np.searchsorted(last, ends[:-1])]
    counts = np.diff(begins, append=len(values))
    pairs = (counts + 1) // 2
    heads = np.cumsum(pairs) - pairs
    lanes = np.zeros((pairs.sum(), 2), np.int64)
    lanes.reshape(-1)[np.arange(len(values))
                      + np.repeat(2 * heads - begins, counts)] = values
    # From the fourth on, a number is the difference to the one two before.
    leading = lanes[heads, 0]
    lanes[heads, 0] = 0
    lanes = np.cumsum(lanes, axis=0)
    before = np.r_[np.zeros((1, 2), np.int64), lanes[heads[1:] - 1]]
    lanes -= np.repeat(before, pairs, axis=0)
    lanes[heads, 0] = leading
    # The place beyond an odd number of numbers repeats the one before it.
    lanes[(heads + pairs - 1)[counts % 2 == 1], 1] = 0
    sums = np.add.reduceat(lanes, heads)
    # Runs beyond any image are refused before their sums could overflow.
    if (lanes.min() < 0 or lanes.max() > MAX_PIXELS
            or (sums.sum(axis=1) != pixels).any()):
        raise ValueError('RLE runs do not add up to the pixels of their size')
    return sums[:, 1]


def _pixels(sizes: list) -> np.ndarray:
    """Pixels of images, (n,) int64."""
    shapes = np.array(sizes)
    if (shapes.shape != (len(sizes), 2) or shapes.dtype != np.int64
            or shapes.min() < 1 or shapes.max() > MAX_PIXELS):
        raise ValueError('RLE sizes are not height and width')
    # A product of two numbers of 32 bits may not fit 64 signed ones.
    pixels = shapes[:, 0].astype(float) * shapes[:, 1]
    if pixels.max() > MAX_PIXELS:
        raise ValueError('RLE sizes are more than a COCO RLE can count')
    return pixels.astype(np.int64)
