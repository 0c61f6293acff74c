"""Rules that turn a probability map or a mask into a better mask.

Pure functions on one map; all are switches that are off by default
(docs/inference_switches.md has their effect).
"""

import cv2
import numpy as np

# A side of the box counts as reached by a mask that comes within this share of
# the box's extent (at least one pixel) of it.
SIDE_TOLERANCE = .02

Window = tuple[int, int, int, int]


def side_slack(box: Window) -> tuple[int, int]:
    """How near to a side of a box a mask has to come, in px.

    Args:
        box: integers (x0, y0, x1, y1) in image pixels, end exclusive.

    Returns:
        (columns, rows), at least 1 each.
    """
    return tuple(max(1, int(np.ceil(SIDE_TOLERANCE * (box[i + 2] - box[i]))))
                 for i in (0, 1))


def tight_threshold(prob: np.ndarray, box: Window, low: float,
                    high: float) -> float:
    """The largest threshold at which a mask reaches all four sides of its box.

    A tight box promises that its object touches all four sides.  A mask reaches
    a side if one of its pixels lies within :data:`SIDE_TOLERANCE` of it, so the
    threshold must be below the largest probability near each side::

        t = min over sides (max of prob near the side), bounded to [low, high]

    Args:
        prob: (h, w) float32, probabilities of the box's pixels.
        box: integers (x0, y0, x1, y1), the window of ``prob``, cut off at the
            image's border; end exclusive.
        low: the least threshold, in [0, 1).
        high: the largest, at least ``low``.

    Returns:
        The threshold; foreground is where ``prob`` is strictly greater.
    """
    if prob.size == 0:
        return high
    slack_x, slack_y = side_slack(box)
    reach = min(float(strip.max()) for strip in (
        prob[:, :slack_x], prob[:, -slack_x:], prob[:slack_y], prob[-slack_y:]))
    # Strictly below, in the precision of the map.
    below = float(np.nextafter(np.float32(reach), np.float32(-1)))
    return min(max(below, low), high)


def drop_small_parts(mask: np.ndarray, share: float) -> np.ndarray:
    """Drop connected parts that are small beside the largest one.

    Pixels that touch at a side or a corner are connected.

    Args:
        mask: (h, w) bool.
        share: parts of less than this share of the largest part's area go; 0
            keeps all, 1 keeps the largest (and those that are as large).

    Returns:
        (h, w) bool.
    """
    if share <= 0:
        return mask
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=8)
    if count <= 2:  # the ground and one part, or none
        return mask
    areas = stats[:, cv2.CC_STAT_AREA]
    keep = areas >= share * areas[1:].max()
    keep[0] = False
    return keep[labels]


def fill_holes(mask: np.ndarray, share: float) -> np.ndarray:
    """Fill ground that a mask encloses.

    A hole is a part of the ground, connected at sides, that does not reach the
    border of the map.

    Args:
        mask: (h, w) bool.
        share: holes of at most this share of the mask's area are filled; 0
            fills none.

    Returns:
        (h, w) bool.
    """
    if share <= 0 or not mask.any():
        return mask
    # Framed, so that all ground at the border is one part.
    ground = np.pad(~mask, 1, constant_values=True).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        ground, connectivity=4)
    if count <= 2:
        return mask
    fill = stats[:, cv2.CC_STAT_AREA] <= share * np.count_nonzero(mask)
    fill[[0, labels[0, 0]]] = False  # the mask itself, and the outer ground
    return mask | fill[labels[1:-1, 1:-1]]
