"""The paper's two losses and further ones, a file each."""

from .class_loss import ClassLoss
from .crf_loss import CRFLoss
from .mil_loss import MILLoss
from .token_grouping_loss import TokenGroupingLoss

__all__ = ['CRFLoss', 'ClassLoss', 'MILLoss', 'TokenGroupingLoss']
