"""Labellers without learning: the figures that the labeller has to beat."""

from .box import box_mask
from .ellipse import ellipse_mask
from .grabcut import grabcut_mask
from .label import BASELINES, label_with_baseline

__all__ = [
    'BASELINES', 'box_mask', 'ellipse_mask', 'grabcut_mask',
    'label_with_baseline'
]
