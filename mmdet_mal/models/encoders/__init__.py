"""Encoders: mmpretrain's, one of ours, and what loads published weights."""

from .register_vit import RegisterVisionTransformer

__all__ = ['RegisterVisionTransformer']
