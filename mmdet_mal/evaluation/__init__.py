"""Scores of masks against human masks, and the trivial labellers beside them."""

from .mask_iou import MaskIoUs, mask_ious, summarise
from .mask_metric import MaskIoUMetric

__all__ = ['MaskIoUMetric', 'MaskIoUs', 'mask_ious', 'summarise']
