"""Errors of what a program hands to the inferencer."""

from mmdet_mal.utils.errors import UserError


class InferenceInputError(UserError, ValueError):
    """An image or a box cannot be used; the message says which by its index."""
