"""Attention maps over the crop of a box."""
