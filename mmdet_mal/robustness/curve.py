"""Mean IoU over how loose the boxes are."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mmdet_mal.evaluation.bootstrap import bootstrap_interval, paired_interval
from mmdet_mal.evaluation.mask_iou import mean_or_nan, size_ranges
from mmdet_mal.utils.json_values import without_nan

# (n,) arrays as mmdet_mal.variants.columns gives them.
Columns = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Point:
    """One labeller at one level.

    Attributes:
        boxes: number of boxes.
        miou: mean IoU with the human masks, in [0, 1]; nan without boxes.
        low: lower bound of its 95 % interval by bootstrap over images.
        high: upper bound.
        kept: ``miou`` over that of the same labeller at level 0; nan without.
        gain: mean difference to the base of its group, nan for the base.
        gain_low: lower bound of its 95 % interval.
        gain_high: upper bound.
    """

    boxes: int
    miou: float
    low: float
    high: float
    kept: float = math.nan
    gain: float = math.nan
    gain_low: float = math.nan
    gain_high: float = math.nan

    def to_json(self) -> dict[str, Any]:
        """Plain values, null for nan."""
        return without_nan(asdict(self))


def points_of(by_level: Mapping[float, Columns], size: str = 'all',
              base: Mapping[float, Columns] | None = None
              ) -> dict[float, Point]:
    """One labeller's curve.

    Args:
        by_level: its IoUs by level, of the same boxes in the same order.
        size: key of ``SIZE_RANGES``; sizes are those of the true boxes.
        base: those of the labeller that it is compared with, box by box.

    Returns:
        Points by level.
    """
    points: dict[float, Point] = {}
    for level in sorted(by_level):
        columns = by_level[level]
        chosen = dict(size_ranges(columns['box_areas']))[size]
        ious, images = columns['ious'][chosen], columns['image_ids'][chosen]
        miou = mean_or_nan(ious)
        kept, gain = math.nan, (math.nan, ) * 3
        if 0. in by_level:
            sound = mean_or_nan(by_level[0.]['ious'][chosen])
            kept = miou / sound if sound > 0 else math.nan
        if base is not None and level in base:
            other = base[level]['ious'][chosen]
            gain = (mean_or_nan(ious - other),
                    *paired_interval(ious, other, images))
        points[level] = Point(int(chosen.sum()), miou,
                              *bootstrap_interval(ious, images), kept, *gain)
    return points


def curve_rows(curves: Mapping[str, Mapping[float, Point]],
               levels: Sequence[float], value: str = 'miou') -> list[list[str]]:
    """Heading and one row a labeller.

    Args:
        curves: points by labeller and level.
        levels: columns.
        value: ``'miou'`` with its interval, ``'kept'``, or ``'gain'`` with its
            interval.
    """
    rows = [['boxes off by', *(f'{100 * level:g} %' for level in levels)]]
    for name, points in curves.items():
        cells = [_cell(points[level], value) if level in points else 'to do'
                 for level in levels]
        if set(cells) != {'-'}:
            rows.append([name, *cells])
    return rows


def _cell(point: Point, value: str) -> str:
    if math.isnan(getattr(point, value)):
        return '-'
    if value == 'kept':
        return f'{point.kept:.3f}'
    if value == 'gain':
        return f'{point.gain:+.3f} [{point.gain_low:+.3f}, {point.gain_high:+.3f}]'
    return f'{point.miou:.3f} [{point.low:.3f}, {point.high:.3f}]'
