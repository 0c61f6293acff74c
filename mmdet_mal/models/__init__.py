"""Networks and losses; importing this registers them."""

from .encoder_tokens import EncoderTokens
from .heads import (AttentionMaskHead, ConvMaskHead, FCMaskHead,
                    QueryMaskHead)
from .instant_labeler import InstantLabeler
from .losses import ClassLoss, CRFLoss, MILLoss
from .mask_auto_labeler import MaskAutoLabeler
from .mask_network import MaskNetwork
from .necks import PlainFPN

__all__ = [
    'AttentionMaskHead', 'CRFLoss', 'ClassLoss', 'ConvMaskHead',
    'EncoderTokens', 'FCMaskHead', 'InstantLabeler', 'MILLoss',
    'MaskAutoLabeler', 'MaskNetwork', 'PlainFPN', 'QueryMaskHead'
]
