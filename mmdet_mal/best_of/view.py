"""One box as the judge of its masks sees it: a small crop, masks beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from mmdet_mal.structures.crop import clip_window, expand_bbox
from mmdet_mal.structures.rle import RLE, bbox_window
from mmdet_mal.visualization.review.view_window import window_mask

# Surroundings on each side, as a share of half the box's side: the same ground
# for every candidate, whatever it claims.
MARGIN = .5
# A small box still needs some ground around it.
MIN_MARGIN_PX = 4
# Longer side of the crop in px: larger ones are scaled down, so that a box costs
# the same in every image.
MAX_SIDE = 112


@dataclass(frozen=True)
class BoxView:
    """A box with its surroundings and the candidates for its mask.

    Attributes:
        image: uint8 (h, w, 3), BGR, at most :data:`MAX_SIDE` a side.
        box: (x0, y0, x1, y1) integers in crop px, end exclusive: the pixels
            that the box touches.
        masks: bool (K, h, w).
    """

    image: np.ndarray
    box: tuple[int, int, int, int]
    masks: np.ndarray


def view_of(image: np.ndarray, bbox: Sequence[float],
            rles: Sequence[RLE]) -> BoxView:
    """Cut a box and its candidates out of an image.

    Args:
        image: uint8 (H, W, 3), BGR; or what reads regions of a large one.
        bbox: (x, y, width, height) in image px.
        rles: candidates as compressed RLE of the image.

    Raises:
        ValueError: if the box has no area or lies outside the image, or an
            RLE is of another size or cannot be read.
    """
    shape = tuple(image.shape[:2])
    x, y, width, height = (float(v) for v in bbox)
    inner = bbox_window((x, y, x + width, y + height), shape)
    least = 2 * MIN_MARGIN_PX
    rates = [max(MARGIN, least / (inner[2] - inner[0])),
             max(MARGIN, least / (inner[3] - inner[1]))] * 2
    window = clip_window(expand_bbox(np.array(inner, float), rates), shape)
    left, top, right, bottom = window.tolist()
    masks = []
    for rle in rles:
        if list(rle['size']) != list(shape):
            raise ValueError(f"the mask is of size {list(rle['size'])} (h, w), "
                             f'the image of {list(shape)}')
        masks.append(window_mask(rle, (left, top, right, bottom))[0])
    crop = np.ascontiguousarray(image[top:bottom, left:right])
    scale = min(1., MAX_SIDE / max(right - left, bottom - top))
    box = tuple(a - b for a, b in zip(inner, (left, top) * 2, strict=True))
    if scale < 1:
        size = (max(1, round((right - left) * scale)),
                max(1, round((bottom - top) * scale)))
        crop = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
        masks = [_shrink(mask, size) for mask in masks]
        box = _scale_box(box, size[0] / (right - left),
                         size[1] / (bottom - top), size)
    return BoxView(crop, box, np.array(masks, bool).reshape(-1, *crop.shape[:2]))


def _shrink(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize a mask: a pixel is object if at least half of it is."""
    share = cv2.resize(mask.astype(np.float32), size,
                       interpolation=cv2.INTER_AREA)
    return share >= .5


def _scale_box(box: Sequence[int], by_x: float, by_y: float,
               size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Scale a box of integers; it keeps a pixel."""
    left, right = (round(v * by_x) for v in (box[0], box[2]))
    top, bottom = (round(v * by_y) for v in (box[1], box[3]))
    left, top = min(left, size[0] - 1), min(top, size[1] - 1)
    return left, top, max(right, left + 1), max(bottom, top + 1)
