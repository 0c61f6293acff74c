"""A box with some ground around it, cut out of an image."""

from typing import NamedTuple

import numpy as np

from .rle import bbox_window


class Surroundings(NamedTuple):
    """Crop around a box.

    Attributes:
        crop: uint8 (h, w, 3), a view of the image.
        box: (4,) int xyxy of the box in crop px.
        window: int64 (4,) xyxy of the box in image px.
    """

    crop: np.ndarray
    box: tuple[int, int, int, int]
    window: np.ndarray


def cut_surroundings(img: np.ndarray, bbox: np.ndarray,
                     image_shape: tuple[int, int], margin: float,
                     min_margin: int, who: str) -> Surroundings:
    """Cut a box and a margin around it out of an image.

    Args:
        img (np.ndarray): uint8 (H, W, 3), BGR.
        bbox (np.ndarray): (4,) xyxy in image px.
        image_shape (tuple[int, int]): (height, width) of ``img`` in px.
        margin (float): Ground on each side, as a share of the longer side.
        min_margin (int): At least so many px.
        who (str): Whom an error names.

    Raises:
        ValueError: no image, one of another shape, or a box that is not
            finite, has no area or lies outside.
    """
    if img is None or img.shape != (*image_shape, 3):
        found = None if img is None else img.shape
        raise ValueError(f'{who} needs the image as uint8 BGR {(*image_shape, 3)}, '
                         f'found {found}')
    window = np.array(bbox_window(bbox, image_shape), dtype=np.int64)
    left, top, right, bottom = (int(value) for value in window)
    margin = max(min_margin, round(margin * max(right - left, bottom - top)))
    crop_left, crop_top = max(left - margin, 0), max(top - margin, 0)
    return Surroundings(
        img[crop_top:bottom + margin, crop_left:right + margin],
        (left - crop_left, top - crop_top, right - crop_left, bottom - crop_top),
        window)
