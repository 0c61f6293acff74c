"""The record of one box in a shard: what the model said about it."""

import math
import re
from typing import Any

from mmdet_mal.structures.rle import RLE, rle_area

# Digits kept after the point of scores and components; more would only make
# the file longer.
DIGITS = 5

IMAGE_UNREADABLE = 'image_unreadable'

_KIND = re.compile(r'[a-z][a-z0-9_]*')


def make_record(ann_id: int, rle: RLE, score: float,
                components: dict[str, Any]) -> dict[str, Any]:
    """Build the record of a box that was labelled.

    Args:
        ann_id: annotation id.
        rle: compressed mask of the full image, str counts.
        score: quality in [0, 1]; a value that is not finite becomes 0.
        components: parts of the score and flags; a ``fallback`` of None is
            left out, so that its presence is the flag.

    Returns:
        ``{'id', 'segmentation', 'area', 'score', 'mal'}`` of plain Python
        types; area in pixels.
    """
    mal = {key: _plain(value) for key, value in components.items()
           if not (key == 'fallback' and value is None)}
    segmentation = dict(size=[int(v) for v in rle['size']], counts=rle['counts'])
    return dict(id=int(ann_id), segmentation=segmentation,
                area=rle_area(segmentation), score=_plain(float(score)), mal=mal)


def make_failure(ann_id: int, reason: str) -> dict[str, Any]:
    """Build the record of a box that could not be labelled.

    Args:
        ann_id: annotation id.
        reason: a kind such as ``'image_unreadable'``, or a sentence; a
            sentence is kept for people, and the kind becomes
            ``'image_unreadable'``.

    Returns:
        ``{'id', 'fallback': kind, 'reason': text}``; the merge fills the box.
    """
    kind = reason if _KIND.fullmatch(reason) else IMAGE_UNREADABLE
    return dict(id=int(ann_id), fallback=kind, reason=reason)


def _plain(value: Any) -> Any:
    """Return a value as JSON holds it: rounded, finite, no numpy types."""
    if hasattr(value, 'item'):
        value = value.item()
    if isinstance(value, float):
        return round(value, DIGITS) if math.isfinite(value) else 0.
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value
