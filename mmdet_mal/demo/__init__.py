"""The drawn data set of ``make demo``."""

from .draw import draw_dataset

__all__ = ['draw_dataset']
