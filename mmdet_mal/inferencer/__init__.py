"""Masks from images and boxes in Python, without files of annotations."""

from .mask_auto_labeler import MaskAutoLabelerInferencer

__all__ = ['MaskAutoLabelerInferencer']
