"""Mask decoders, a file each."""

from .attention_head import AttentionMaskHead

__all__ = ['AttentionMaskHead']
