"""Rows of a grid beside its base, paired by box."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mmdet_mal.evaluation.bootstrap import bootstrap_interval, paired_interval
from mmdet_mal.evaluation.mask_iou import mean_or_nan, size_ranges
from mmdet_mal.utils.errors import UserError

# (n,) arrays ann_ids, image_ids, box_areas and ious of one seed.
Columns = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class SizeScore:
    """Mean IoU of the boxes of one size, and how it differs from the base.

    Attributes:
        boxes: number of boxes.
        miou: mean over boxes and seeds, in [0, 1]; nan without boxes.
        low: lower bound of its 95 % interval by bootstrap over images.
        high: upper bound.
        spread: standard deviation of the mean IoU over seeds (n - 1); nan for
            fewer than two seeds.
        difference: mean of IoU less that of the base in the same box and seed;
            nan without a common seed.
        difference_low: lower bound of its 95 % interval.
        difference_high: upper bound.
    """

    boxes: int
    miou: float
    low: float
    high: float
    spread: float
    difference: float = math.nan
    difference_low: float = math.nan
    difference_high: float = math.nan


def compare(seeds: Mapping[int, Columns],
            base: Mapping[int, Columns] | None) -> dict[str, SizeScore]:
    """Score one row.

    The interval covers the choice of photographs, not the training's chance;
    that is what several seeds show.

    Args:
        seeds (Mapping): columns by seed, at least one.
        base (Mapping, optional): those of the base; None if nothing of it is
            done, or the row is the base itself.

    Returns:
        dict[str, SizeScore]: by key of ``SIZE_RANGES``.

    Raises:
        UserError: the columns are of different boxes.
    """
    first = next(iter(seeds.values()))
    _check_same_boxes(first, [*seeds.values(), *(base or {}).values()])
    ious = _mean_over(seeds, seeds)
    common = [seed for seed in seeds if seed in base] if base else []
    own, other = (_mean_over(seeds, common), _mean_over(base, common)
                  ) if common else (None, None)
    images, scores = first['image_ids'], {}
    for name, chosen in size_ranges(first['box_areas']):
        low, high = bootstrap_interval(ious[chosen], images[chosen])
        means = [mean_or_nan(columns['ious'][chosen]) for columns in seeds.values()]
        gain: tuple[float, ...] = ()
        if own is not None:
            gain = (mean_or_nan(own[chosen] - other[chosen]), *paired_interval(
                own[chosen], other[chosen], images[chosen]))
        scores[name] = SizeScore(
            int(chosen.sum()), mean_or_nan(ious[chosen]), low, high,
            float(np.std(means, ddof=1)) if len(means) > 1 else math.nan, *gain)
    return scores


def _mean_over(columns: Mapping[int, Columns], seeds: Sequence[int]) -> np.ndarray:
    """IoU of each box (n,), averaged over seeds."""
    return np.mean([columns[seed]['ious'] for seed in seeds], axis=0)


def _check_same_boxes(first: Columns, others: Sequence[Columns]) -> None:
    for columns in others:
        if not np.array_equal(first['ann_ids'], columns['ann_ids']):
            raise UserError('cells were scored on different boxes; run the grid '
                            'anew in another folder')
