"""Errors of the mask decoders."""

from mmdet_mal.utils.errors import UserError


class DecoderError(UserError):
    """A decoder's settings do not fit the encoder, the neck or the crops."""
