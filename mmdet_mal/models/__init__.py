"""Networks and losses; importing this registers them."""

from .heads import AttentionMaskHead
from .losses import CRFLoss, MILLoss
from .mask_auto_labeler import MaskAutoLabeler
from .mask_network import MaskNetwork

__all__ = [
    'AttentionMaskHead', 'CRFLoss', 'MILLoss', 'MaskAutoLabeler',
    'MaskNetwork'
]
