"""Labellers without learning: the figures that the labeller has to beat."""

from .box import box_mask
from .ellipse import ellipse_mask
from .grabcut import grabcut_mask
from .imported import import_masks
from .instant import check_instant, label_with_instant
from .label import BASELINES, check_baseline, label_with_baseline
from .random_walker import random_walker_mask

__all__ = [
    'BASELINES', 'box_mask', 'check_baseline', 'check_instant', 'ellipse_mask',
    'grabcut_mask', 'import_masks', 'label_with_baseline', 'label_with_instant',
    'random_walker_mask'
]
