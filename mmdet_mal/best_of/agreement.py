"""How far the candidates of a box agree, and who is right where they do not."""

import cv2
import numpy as np

from .colours import colour_bins, colour_likeness
from .view import BoxView

SHARED = ('agreement', 'nearest', 'farthest', 'vote_iou', 'dispute_colour',
          'dispute_place')


def shared_components(view: BoxView) -> dict[str, np.ndarray]:
    """Measure how far the candidates agree, and who is right where they do not.

    Args:
        view: of K masks.

    Returns:
        By name, float64 (K,), in [0, 1] each; all .5 where there is but one:

        * ``agreement``: mean IoU with the others; ``nearest`` and
          ``farthest``: the largest and the smallest;
        * ``vote_iou``: IoU with the majority of the pixels' votes;
        * ``dispute_colour``, ``dispute_place``: mean of :func:`pair_components`
          over the others.
    """
    count = len(view.masks)
    if count < 2:
        return {name: np.full(count, .5) for name in SHARED}
    pairs = pair_components(view)
    vote = view.masks.mean(axis=0) > .5
    with_vote = pairwise_ious(np.concatenate([view.masks, vote[None]]))
    return summarise_pairs(pairs, with_vote[:-1, -1])


def pair_components(view: BoxView) -> dict[str, np.ndarray]:
    """Measure each pair of candidates, above all where they differ.

    Args:
        view: of K masks.

    Returns:
        By name, float64 (K, K), in [0, 1] each:

        * ``iou``: 1 on the diagonal, and for two empty masks;
        * ``colour``: of the pixels of the box that one of the two holds, how
          far their colours, likened to what both hold and to what none does,
          speak for the first mask: .5 if they do not say;
        * ``place``: the same by their distance to the box's middle.

        The last two add up to 1 with the pair turned round.
    """
    masks, count = view.masks, len(view.masks)
    bins = colour_bins(cv2.cvtColor(view.image, cv2.COLOR_BGR2Lab))
    place = _middleness(view)
    in_box = np.zeros(masks.shape[1:], bool)
    in_box[view.box[1]:view.box[3], view.box[0]:view.box[2]] = True
    pairs = dict(iou=pairwise_ious(masks), colour=np.full((count, count), .5),
                 place=np.full((count, count), .5))
    for i in range(count):
        for j in range(i):
            mine, theirs = masks[i] & ~masks[j] & in_box, masks[j] & ~masks[i] & in_box
            total = int(mine.sum()) + int(theirs.sum())
            if not total:
                continue
            colour = colour_likeness(masks[i] & masks[j], ~(masks[i] | masks[j]), bins)
            for name, sign in (('colour', colour), ('place', place)):
                said = float(sign[mine].sum() - sign[theirs].sum()) / total
                pairs[name][i, j] = (1 + said) / 2
                pairs[name][j, i] = (1 - said) / 2
    return pairs


def pairwise_ious(masks: np.ndarray) -> np.ndarray:
    """IoU of every pair of masks, float64 (K, K).

    Args:
        masks: bool (K, h, w).
    """
    flat = masks.reshape(len(masks), -1).astype(np.float32)
    both = (flat @ flat.T).astype(np.float64)
    areas = np.diag(both)
    either = areas[:, None] + areas[None] - both
    return np.where(either > 0, both / np.maximum(either, 1), 1.)


def summarise_pairs(pairs: dict[str, np.ndarray],
                    vote_iou: np.ndarray) -> dict[str, np.ndarray]:
    """Shared components of K candidates from those of their pairs.

    Args:
        pairs: see :func:`pair_components`; K at least 2.
        vote_iou: (K,) IoU with the vote.
    """
    count = len(vote_iou)
    others = ~np.eye(count, dtype=bool)
    ious, colour, place = (pairs[name][others].reshape(count, count - 1)
                           for name in ('iou', 'colour', 'place'))
    return dict(agreement=ious.mean(axis=1), nearest=ious.max(axis=1),
                farthest=ious.min(axis=1), vote_iou=vote_iou,
                dispute_colour=colour.mean(axis=1),
                dispute_place=place.mean(axis=1))


def _middleness(view: BoxView) -> np.ndarray:
    """1 in the middle of the box, 0 on an ellipse, -1 in the corners, (h, w)."""
    x0, y0, x1, y1 = view.box
    height, width = view.masks.shape[1:]
    columns = (np.arange(width) + .5 - (x0 + x1) / 2) / ((x1 - x0) / 2)
    rows = (np.arange(height) + .5 - (y0 + y1) / 2) / ((y1 - y0) / 2)
    distance = rows[:, None]**2 + columns[None]**2
    return np.clip(1 - distance, -1, 1)
