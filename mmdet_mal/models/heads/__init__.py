"""Mask decoders, a file each."""

from .attention_head import AttentionMaskHead
from .conv_head import ConvMaskHead
from .fc_head import FCMaskHead
from .query_head import QueryMaskHead

__all__ = ['AttentionMaskHead', 'ConvMaskHead', 'FCMaskHead', 'QueryMaskHead']
