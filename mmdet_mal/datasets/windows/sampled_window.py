"""One sample on its way to the device: pixels, and what is to become of them."""

import dataclasses

import numpy as np

from .colour_draw import ColourDraw

# Columns of ``axes``.
SHOWN, OVERHANG, LENGTH, FLIPPED = range(4)


@dataclasses.dataclass(frozen=True)
class SampledWindow:
    """A window of an image before it is padded, resized and coloured.

    Attributes:
        pixels (np.ndarray): Shape (h, w, 3), uint8, BGR: the part of the
            window that the image shows.
        axes (np.ndarray): Shape (2, 4), int64; for rows and for columns: how
            many pixels are shown, how many of the window lie before them
            (above, to the left), the window's length, and 1 if the crop is
            mirrored along the axis, else 0.
        size (tuple[int, int]): Height and width of the crop to be made.
        padding (str): What the crop shows beyond the pixels, 'reflect' or
            'zero'.
        colour (ColourDraw): The changes of colour that the student sees.
    """

    pixels: np.ndarray
    axes: np.ndarray
    size: tuple[int, int]
    padding: str
    colour: ColourDraw = ColourDraw()
