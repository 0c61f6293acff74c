"""Which candidate a box keeps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mmdet_mal.structures.crop import clip_window
from mmdet_mal.structures.rle import RLE, bbox_window, encode_window
from mmdet_mal.visualization.review.view_window import window_mask

from .agreement import shared_components
from .components import own_components
from .scorer import MaskScorer
from .view import view_of

VOTE = 'vote'
# A vote counts a candidate by exp(score / this): of two that are .03 apart the
# better one weighs 2.7 times as much.  Of .03, .1, .2 and .4 the best on the
# training photographs of coco_mini (docs/best_of.md).
VOTE_TEMPERATURE = .03


@dataclass(frozen=True)
class Choice:
    """What a box keeps.

    Attributes:
        source: name of the candidate, or ``'vote'``.
        rle: its mask.
        score: its expected IoU, in [0, 1].
        scores: that of every candidate, by name.
    """

    source: str
    rle: RLE
    score: float
    scores: dict[str, float]


def choose(image: np.ndarray, bbox: Sequence[float],
           candidates: Mapping[str, RLE], scorer: MaskScorer,
           rule: str = 'best') -> Choice:
    """Choose the mask of a box.

    Args:
        image: uint8 (H, W, 3), BGR.
        bbox: (x, y, width, height) in image px.
        candidates: masks of the whole image by name, at least one.
        scorer: the common scale.
        rule: ``'best'``, the candidate of the best score, the first of equal
            ones; or ``'vote'``, the pixels that most of the candidates hold,
            each counting by its score.

    Raises:
        ValueError: if the box is none or lies outside the image, a mask does
            not fit it, or the rule is unknown.
    """
    if rule not in ('best', VOTE):
        raise ValueError(f"rule must be 'best' or 'vote', got {rule!r}")
    names, rles = list(candidates), list(candidates.values())
    scores = score_candidates(image, bbox, rles, scorer)
    by_name = dict(zip(names, scores.tolist(), strict=True))
    best = int(np.argmax(scores))
    if rule == VOTE and len(rles) > 1:
        rle = vote(rles, scores, bbox)
        if rle is not None:
            return Choice(VOTE, rle, float(scores[best]), by_name)
    return Choice(names[best], rles[best], float(scores[best]), by_name)


def score_candidates(image: np.ndarray, bbox: Sequence[float],
                     rles: Sequence[RLE], scorer: MaskScorer) -> np.ndarray:
    """Expected IoU of each candidate, (K,); arguments as in :func:`choose`."""
    view = view_of(image, bbox, rles)
    return scorer({**own_components(view), **shared_components(view)})


def vote(rles: Sequence[RLE], scores: np.ndarray,
         bbox: Sequence[float]) -> RLE | None:
    """Pixels that more than half of the votes hold, None if there is none.

    Args:
        rles: masks of one image.
        scores: (K,) in [0, 1]; better ones have more say.
        bbox: (x, y, width, height) in image px; the vote ends at the pixels
            that it touches.
    """
    shape = tuple(rles[0]['size'])
    x, y, width, height = (float(v) for v in bbox)
    window = clip_window(np.array(bbox_window(
        (x, y, x + width, y + height), shape)), shape).tolist()
    weights = np.exp((scores - scores.max()) / VOTE_TEMPERATURE)
    held = sum(weight * window_mask(rle, window)[0]
               for weight, rle in zip(weights, rles, strict=True))
    mask = held > weights.sum() / 2
    return encode_window(mask, window, shape) if mask.any() else None
