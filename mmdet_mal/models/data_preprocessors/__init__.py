"""From the pixels of windows to normalised crops, on the device."""

from .window_preprocessor import WindowDataPreprocessor

__all__ = ['WindowDataPreprocessor']
