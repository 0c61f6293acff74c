"""The paper's two losses and further ones, a file each."""

from .class_loss import ClassLoss
from .crf_loss import CRFLoss
from .human_mask_loss import HumanMaskLoss
from .mil_loss import MILLoss
from .pairwise_loss import PairwiseLoss
from .token_grouping_loss import TokenGroupingLoss

__all__ = [
    'CRFLoss', 'ClassLoss', 'HumanMaskLoss', 'MILLoss', 'PairwiseLoss',
    'TokenGroupingLoss'
]
