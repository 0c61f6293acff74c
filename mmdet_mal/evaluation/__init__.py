"""Scores of masks against human masks, and the trivial labellers beside them."""

from .clustering_metric import ClusteringScoreMetric
from .mask_iou import MaskIoUs, mask_ious, summarise
from .mask_metric import MaskIoUMetric

__all__ = [
    'ClusteringScoreMetric', 'MaskIoUMetric', 'MaskIoUs', 'mask_ious',
    'summarise'
]
