"""Networks and losses; importing this registers them."""

from .baseline_labeler import BaselineLabeler
from .data_preprocessors import WindowDataPreprocessor
from .encoder_tokens import EncoderTokens
from .heads import (AttentionMaskHead, ConvMaskHead, FCMaskHead,
                    QueryMaskHead)
from .instant_labeler import InstantLabeler
from .losses import (ClassLoss, CRFLoss, HumanMaskLoss, MILLoss,
                     PairwiseLoss)
from .mask_auto_labeler import MaskAutoLabeler
from .mask_network import MaskNetwork
from .necks import PlainFPN
from .score_weighted import (ScoreWeightedFCNMaskHead,
                             ScoreWeightedMask2FormerHead,
                             ScoreWeightedSOLOV2Head)
from .supervised_twin import SupervisedTwin

__all__ = [
    'AttentionMaskHead', 'BaselineLabeler', 'CRFLoss', 'ClassLoss',
    'ConvMaskHead', 'EncoderTokens', 'FCMaskHead', 'HumanMaskLoss', 'InstantLabeler',
    'MILLoss', 'MaskAutoLabeler', 'MaskNetwork', 'PairwiseLoss', 'PlainFPN',
    'QueryMaskHead', 'ScoreWeightedFCNMaskHead', 'ScoreWeightedMask2FormerHead',
    'ScoreWeightedSOLOV2Head', 'SupervisedTwin', 'WindowDataPreprocessor'
]
