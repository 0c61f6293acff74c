"""One box of an image, cut out and enlarged, with or without its mask."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from mmdet_mal.structures.crop import clip_window, expand_bbox
from mmdet_mal.structures.rle import rle_to_mask, segmentation_to_rle

# Of the half-size of the box, on each side, so that spilt masks are seen.
MARGIN = .4
# BGR; a green that stands out from photographs, and a box beside it.
MASK_COLOUR = (70, 225, 90)
BOX_COLOUR = (60, 190, 255)
_OPACITY = .45


def mask_view(img: np.ndarray, bbox: Sequence[float],
              segmentation: Mapping | Sequence | None = None,
              size: int = 220, *, box: str = 'draw',
              margin: float = MARGIN) -> np.ndarray:
    """Cut out a box with some surroundings and paint its mask.

    The cut is enlarged first and the outlines are drawn then, so that they
    are as fine on a box of 20 px as on one of 500.

    Args:
        img (np.ndarray): uint8 (H, W, 3), BGR.
        bbox (Sequence[float]): COCO box (x, y, w, h) in px of the image.
        segmentation (Mapping | Sequence, optional): Of COCO: RLE or polygons;
            None paints no mask.
        size (int): Longer side of the result in px.
        box (str): ``'draw'`` or ``'hide'`` the box.
        margin (float): Surroundings on each side in halves of the box's size.

    Returns:
        np.ndarray: uint8 (h, w, 3), BGR.

    Raises:
        ValueError: if the box is not of positive size within the image, or
            the mask is of another size than the image.
    """
    x, y, width, height = (float(value) for value in bbox)
    xyxy = np.array([x, y, x + width, y + height])
    window = clip_window(expand_bbox(xyxy, [margin] * 4), img.shape[:2])
    left, top, right, bottom = window.tolist()
    scale = size / max(right - left, bottom - top)
    shape = (max(1, round((right - left) * scale)),
             max(1, round((bottom - top) * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    view = cv2.resize(img[top:bottom, left:right], shape, interpolation=way)
    if segmentation:
        rle = segmentation_to_rle(segmentation, *img.shape[:2])
        part = rle_to_mask(rle)[top:bottom, left:right].astype(np.float32)
        # Nearest, so that the pixels of the mask show as they are.
        mask = cv2.resize(part, shape, interpolation=cv2.INTER_NEAREST) > .5
        _paint(view, mask)
    if box == 'draw':
        corners = (xyxy - [left, top, left, top]) * scale
        x0, y0, x1, y1 = np.round(corners).astype(int).tolist()
        cv2.rectangle(view, (x0, y0), (x1 - 1, y1 - 1), BOX_COLOUR, 1,
                      cv2.LINE_AA)
    return view


def on_square(view: np.ndarray, size: int,
              ground: tuple[int, int, int] = (255, 255, 255)) -> np.ndarray:
    """Centre a picture on a square.

    Args:
        view (np.ndarray): uint8 (h, w, 3), at most ``size`` px a side.
        size (int): Side of the square in px.
        ground (tuple[int, int, int]): Its colour, BGR.

    Returns:
        np.ndarray: uint8 (size, size, 3).
    """
    square = np.full((size, size, 3), ground, dtype=np.uint8)
    height, width = view.shape[:2]
    top, left = (size - height) // 2, (size - width) // 2
    square[top:top + height, left:left + width] = view
    return square


def _paint(view: np.ndarray, mask: np.ndarray) -> None:
    """Tint a mask in place and outline it in full colour with a dark rim."""
    colour = np.array(MASK_COLOUR)
    view[mask] = np.round(
        view[mask] * (1 - _OPACITY) + colour * _OPACITY).astype(np.uint8)
    edges, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP,
                                cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(view, edges, -1, (20, 60, 20), 3, cv2.LINE_AA)
    cv2.drawContours(view, edges, -1, MASK_COLOUR, 1, cv2.LINE_AA)
