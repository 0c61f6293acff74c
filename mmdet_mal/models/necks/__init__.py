"""What may stand between encoder and decoder, a file each."""

from .plain_fpn import PlainFPN

__all__ = ['PlainFPN']
