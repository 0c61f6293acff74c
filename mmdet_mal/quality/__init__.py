"""How good a mask is, said without the truth: components, one number, its fit."""

from .mask_quality import MaskQuality

__all__ = ['MaskQuality']
