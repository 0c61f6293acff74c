"""Windows of images as they are, for crops that are made on the device."""

from .colour_draw import ColourDraw
from .cut_window import CutWindow
from .draw_colour import DrawColour
from .pack_window import PackWindow
from .sampled_window import SampledWindow
from .window_batch import WindowBatch, collate_windows

__all__ = [
    'ColourDraw', 'CutWindow', 'DrawColour', 'PackWindow', 'SampledWindow',
    'WindowBatch', 'collate_windows'
]
