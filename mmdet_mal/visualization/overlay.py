"""Masks and boxes painted over an image; pure functions of arrays, BGR."""

from collections.abc import Sequence

import cv2
import numpy as np

# Steps of the golden ratio spread any number of hues round the wheel.
_GOLDEN = .61803398875


def instance_colours(count: int) -> np.ndarray:
    """Colours that tell neighbours apart, the same in every picture.

    Args:
        count (int): how many, 0 or more.

    Returns:
        np.ndarray: uint8 (count, 3), BGR.
    """
    hues = (np.arange(count) * _GOLDEN % 1) * 180
    hsv = np.stack([hues, np.full(count, 220), np.full(count, 255)], axis=1)
    return cv2.cvtColor(hsv.astype(np.uint8).reshape(-1, 1, 3),
                        cv2.COLOR_HSV2BGR).reshape(-1, 3) if count else (
                            np.zeros((0, 3), np.uint8))


def overlay_masks(img: np.ndarray, masks: Sequence[np.ndarray],
                  colours: Sequence | None = None,
                  opacity: float = .5) -> np.ndarray:
    """Paint masks over an image, later ones over earlier ones.

    Args:
        img (np.ndarray): uint8 (H, W, 3), BGR; not changed.
        masks (Sequence[np.ndarray]): bool (H, W) each.
        colours (Sequence, optional): n colours BGR in 0 to 255, one a mask.
            Defaults to :func:`instance_colours`.
        opacity (float): 0 shows the image only, 1 hides it.  Each mask also
            has an opaque outline of 1 px.

    Returns:
        np.ndarray: uint8 (H, W, 3).

    Raises:
        ValueError: shapes or counts that do not fit, opacity outside [0, 1].
    """
    colours = _checked(img, masks, colours)
    if not 0 <= opacity <= 1:
        raise ValueError(f'opacity is {opacity}, expected a value in [0, 1]')
    painted = img.copy()
    for mask, colour in zip(masks, colours, strict=True):
        if mask.shape != img.shape[:2]:
            raise ValueError(f'mask of shape {mask.shape} on an image of '
                             f'{img.shape[:2]} (h, w)')
        mask = np.ascontiguousarray(mask).astype(bool)
        blend = painted[mask] * (1 - opacity) + colour * opacity
        painted[mask] = np.round(blend).astype(np.uint8)
        # Eroded with a border of zeros, so that masks which end at the
        # image's edge are outlined there too.
        inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8),
                          borderType=cv2.BORDER_CONSTANT, borderValue=0)
        painted[mask & (inner == 0)] = colour
    return painted


def draw_boxes(img: np.ndarray, bboxes: Sequence[Sequence[float]],
               colours: Sequence | None = None,
               thickness: int = 1) -> np.ndarray:
    """Draw the outlines of boxes.

    Args:
        img (np.ndarray): uint8 (H, W, 3), BGR; not changed.
        bboxes (Sequence[Sequence[float]]): xyxy in image px each.
        colours (Sequence, optional): n colours BGR in 0 to 255, one a box.
            Defaults to :func:`instance_colours`.
        thickness (int): of the lines in px, at least 1.

    Returns:
        np.ndarray: uint8 (H, W, 3).

    Raises:
        ValueError: an image or a number of colours that does not fit.
    """
    colours = _checked(img, bboxes, colours)
    painted = img.copy()
    for bbox, colour in zip(bboxes, colours, strict=True):
        x0, y0, x1, y1 = (int(round(float(value))) for value in bbox)
        # The far edge of a box is the border after its last pixel.
        cv2.rectangle(painted, (x0, y0), (x1 - 1, y1 - 1), colour.tolist(),
                      thickness)
    return painted


def _checked(img: np.ndarray, items: Sequence,
             colours: Sequence | None) -> np.ndarray:
    """Check the image and return one colour an item."""
    if img.dtype != np.uint8 or img.ndim != 3 or img.shape[2] != 3:
        raise ValueError('expected an image of uint8 (H, W, 3), found '
                         f'{img.dtype} {img.shape}')
    if colours is None:
        return instance_colours(len(items))
    if len(colours) != len(items):
        raise ValueError(f'{len(colours)} colours for {len(items)} items')
    return np.asarray(colours, dtype=np.uint8).reshape(-1, 3)
