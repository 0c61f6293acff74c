"""Pictures for people: masks and boxes over images, grids of pictures."""

from .grid import picture_grid, write_png
from .overlay import draw_boxes, instance_colours, overlay_masks

__all__ = [
    'draw_boxes', 'instance_colours', 'overlay_masks', 'picture_grid',
    'write_png'
]
