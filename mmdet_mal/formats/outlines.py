"""Masks as polygons along the borders of their pixels.

A polygon here runs along pixel borders, so its corners are whole numbers and
it encloses the pixels of the mask and no others.  OpenCV's contours run through
the centres of the outermost pixels instead and lose half a pixel all around,
which halves the area of a mask of 3 x 3 px.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from scipy.spatial import cKDTree

# Fewer points enclose nothing.
_MIN_POINTS = 3


def trace_rings(mask: np.ndarray) -> list[np.ndarray]:
    """Trace the borders between foreground and background.

    Pixels that touch only at a corner are kept apart; background that touches
    at a corner is joined.

    Args:
        mask: (h, w) bool.

    Returns:
        Rings of shape (n, 2), int64, x and y, corners only, the last joined to
        the first.  Foreground lies on the right: outer borders run clockwise as
        seen (positive :func:`ring_area`), holes the other way (negative).
    """
    height, width = mask.shape
    framed = np.zeros((height + 2, width + 2), np.int8)
    framed[1:-1, 1:-1] = mask
    across = framed[1:, 1:-1] - framed[:-1, 1:-1]  # (h+1, w), + where it begins
    down = (framed[1:-1, 1:] - framed[1:-1, :-1]).T  # (w+1, h)
    # Each: line, from, to, sign.  Where the mask begins below, the border runs
    # to the right; where it begins on the right, upwards.
    rows, left, right, row_sign = _runs(across)
    columns, top, bottom, column_sign = _runs(down)
    stride = width + 1
    east = row_sign > 0
    south = column_sign < 0
    row_starts = rows * stride + np.where(east, left, right)
    row_ends = rows * stride + np.where(east, right, left)
    column_starts = np.where(south, top, bottom) * stride + columns
    column_ends = np.where(south, bottom, top) * stride + columns
    # At a crossing, turn right, which keeps to the same pixel: from east to
    # south, from south to west, and so on.
    after_row = _link(row_ends, east, column_starts, south)
    after_column = _link(column_ends, ~south, row_starts, east)
    follower = after_column[after_row].tolist()  # from row run to row run
    corner = column_starts[after_row]
    starts, corners = row_starts.tolist(), corner.tolist()
    rings, seen = [], [False] * len(follower)
    for first in range(len(follower)):
        points: list[int] = []
        run = first
        while not seen[run]:
            seen[run] = True
            points += (starts[run], corners[run])
            run = follower[run]
        if points:
            flat = np.asarray(points)
            rings.append(np.stack([flat % stride, flat // stride], axis=1))
    return rings


def ring_area(ring: np.ndarray) -> float:
    """Area that a ring encloses, positive if it runs clockwise as seen, px²."""
    x, y = ring[:, 0].astype(float), ring[:, 1].astype(float)
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


def cut_into_polygons(mask: np.ndarray) -> list[np.ndarray]:
    """Polygons without holes that together are a mask.

    A part with a hole is cut by a vertical line through the hole, and so on,
    until no hole is left; the pieces share their cuts and overlap nowhere.

    Args:
        mask: (h, w) bool.

    Returns:
        Rings as :func:`trace_rings` gives them, all clockwise.
    """
    pieces: list[np.ndarray] = []
    todo = [(mask, 0, 0)]
    while todo:
        part, left, top = todo.pop()
        for piece, x, y in _components(part):
            offset = (left + x, top + y)
            rings = trace_rings(piece)
            holes = [ring for ring in rings if ring_area(ring) < 0]
            if not holes:
                pieces += [ring + offset for ring in rings]
                continue
            widest = max(holes, key=lambda ring: np.ptp(ring[:, 0]))
            # At least one column of the hole lies on the right of the cut.
            cut = int(widest[:, 0].min() + widest[:, 0].max()) // 2
            todo += [(piece[:, :cut], *offset),
                     (piece[:, cut:], offset[0] + cut, offset[1])]
    return pieces


def join_rings(rings: Sequence[np.ndarray]) -> np.ndarray:
    """Join rings into one polygon by bridges of no width.

    A bridge is walked in both directions, so it encloses nothing, whether a
    reader fills by parity or by winding.

    Args:
        rings: As :func:`trace_rings` gives them, holes included.

    Returns:
        One ring.
    """
    left = sorted(rings, key=lambda ring: -abs(ring_area(ring)))
    joined = left.pop(0)
    while left:
        tree = cKDTree(joined)
        found = [tree.query(ring) for ring in left]
        nearest = min(range(len(left)), key=lambda i: found[i][0].min())
        distances, places = found[nearest]
        ring = left.pop(nearest)
        here = int(distances.argmin())
        there = int(places[here])
        joined = np.concatenate([
            joined[:there + 1], ring[here:], ring[:here + 1], joined[there:]])
    return joined


def simplify_ring(ring: np.ndarray, tolerance: float) -> np.ndarray:
    """Leave out corners (Douglas and Peucker).

    Args:
        ring: (n, 2).
        tolerance: Largest distance of what is left out from the new border,
            px; 0 leaves the ring as it is.

    Returns:
        (m, 2) with m <= n; the ring itself where nothing would be left of it.
    """
    if tolerance <= 0:
        return ring
    simple = cv2.approxPolyDP(ring.astype(np.float32).reshape(-1, 1, 2), tolerance,
                              True).reshape(-1, 2)
    if len(simple) < _MIN_POINTS or ring_area(simple) * ring_area(ring) <= 0:
        return ring
    return simple.astype(float)


def _runs(steps: np.ndarray) -> tuple[np.ndarray, ...]:
    """Runs of equal steps that are not 0.

    Args:
        steps: (lines, length) of -1, 0 and 1.

    Returns:
        Line, first place, place behind the last, and sign of each run.
    """
    lines, length = steps.shape
    framed = np.zeros((lines, length + 2), np.int8)
    framed[:, 1:-1] = steps
    changes = framed[:, 1:] != framed[:, :-1]  # (lines, length + 1)
    line, place = np.nonzero(changes)
    begins = framed[line, place + 1] != 0
    ends = framed[line, place] != 0
    return (line[begins], place[begins], place[ends],
            framed[line[begins], place[begins] + 1])


def _link(ends: np.ndarray, turn: np.ndarray, starts: np.ndarray,
          direction: np.ndarray) -> np.ndarray:
    """Index of the run that follows each run.

    Args:
        ends: Where runs end.
        turn: Direction that a turn to the right leads to.
        starts: Where the runs of the other axis start.
        direction: Their directions.
    """
    keys = starts * 2 + direction
    order = np.argsort(keys)
    ordered = keys[order]
    right, other = ends * 2 + turn, ends * 2 + ~turn
    place = np.minimum(np.searchsorted(ordered, right), len(ordered) - 1)
    there = ordered[place] == right
    place = np.where(there, place, np.searchsorted(ordered, other))
    return order[place]


def _components(mask: np.ndarray) -> list[tuple[np.ndarray, int, int]]:
    """Parts of a mask whose pixels share a side.

    Args:
        mask: (h, w) bool.

    Returns:
        Mask of the window of each part, and x and y of the window.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=4)
    return [(labels[y:y + h, x:x + w] == number, int(x), int(y))
            for number, (x, y, w, h, _) in enumerate(stats) if number]
