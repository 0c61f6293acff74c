"""The paper's two losses and one of ours, a file each."""

from .crf_loss import CRFLoss
from .mil_loss import MILLoss
from .token_grouping_loss import TokenGroupingLoss

__all__ = ['CRFLoss', 'MILLoss', 'TokenGroupingLoss']
