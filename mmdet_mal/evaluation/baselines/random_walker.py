"""Random walker from a box (Grady, 2006): diffusion from seeds along colours."""

import warnings
from collections.abc import Callable

import cv2
import numpy as np

from mmdet_mal.utils.errors import UserError

from mmdet_mal.structures.surroundings import cut_surroundings

# Ground seen around the box, as a share of its longer side.
MARGIN = .1
MIN_MARGIN_PX = 3
# Seeds of the object: an ellipse in the middle with this share of the box's axes;
# and how much a colour edge stops the walk.  The best of nine pairs on training
# photographs of coco_mini (docs/baselines.md).
SEED_SHARE = .85
BETA = 600.
# Longer side of the crop in px: larger ones are scaled down for the walk.
MAX_SIDE = 96
_GROUND, _OBJECT = 2, 1


def random_walker_mask(img: np.ndarray, bbox: np.ndarray,
                       image_shape: tuple[int, int]
                       ) -> tuple[np.ndarray, np.ndarray]:
    """Random walker on a crop; outside the box is ground, the middle object.

    Args:
        img (np.ndarray): uint8 (H, W, 3), BGR.
        bbox (np.ndarray): (4,) xyxy in image px.
        image_shape (tuple[int, int]): (height, width) of ``img`` in px.

    Returns:
        tuple: mask bool (h, w) and its window int64 (4,) xyxy in image px; the
        filled window where the box covers the image and leaves no ground.

    Raises:
        ValueError: no image, one of another shape, or a box that is not
            finite, has no area or lies outside.
        UserError: scikit-image is not installed.
    """
    crop, box, window = cut_surroundings(
        img, bbox, image_shape, MARGIN, MIN_MARGIN_PX, 'the random walker')
    walk = load_random_walker()
    left, top, right, bottom = box
    full = np.ones((bottom - top, right - left), dtype=bool)
    if crop.shape[:2] == full.shape:
        return full, window
    scale = min(1., MAX_SIDE / max(crop.shape[:2]))
    small = cv2.resize(crop, None, fx=scale, fy=scale,
                       interpolation=cv2.INTER_AREA) if scale < 1 else crop
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_BGR2Lab) / 100
    seeds = _seeds(small.shape[:2], scale, np.array(box))
    if not (seeds == _GROUND).any() or not (seeds == 0).any():
        return full, window
    with warnings.catch_warnings():
        # It advises pyamg for large images; these are small.
        warnings.simplefilter('ignore')
        prob = walk(lab, seeds, beta=BETA, mode='cg_j', tol=1e-3,
                    channel_axis=-1, return_full_prob=True)[_OBJECT - 1]
    prob = cv2.resize(prob.astype(np.float32), crop.shape[1::-1],
                      interpolation=cv2.INTER_LINEAR)
    mask = prob[top:bottom, left:right] > .5
    return (mask if mask.any() else full), window


def _seeds(shape: tuple[int, int], scale: float, box: np.ndarray) -> np.ndarray:
    """What the walk knows: ground outside the box, object in its middle."""
    x0, y0, x1, y1 = box * scale
    columns, rows = np.arange(shape[1]) + .5, np.arange(shape[0]) + .5
    inside = (((rows >= y0) & (rows < y1))[:, None]
              & ((columns >= x0) & (columns < x1))[None])
    by_x = (columns - (x0 + x1) / 2) / max((x1 - x0) / 2 * SEED_SHARE, .75)
    by_y = (rows - (y0 + y1) / 2) / max((y1 - y0) / 2 * SEED_SHARE, .75)
    middle = by_y[:, None]**2 + by_x[None]**2 <= 1
    seeds = np.where(inside, 0, _GROUND)
    seeds[middle & inside] = _OBJECT
    return seeds


def load_random_walker() -> Callable[..., np.ndarray]:
    """The function of scikit-image; imported when it is needed, for it takes
    half a second.

    Raises:
        UserError: scikit-image is not installed.
    """
    try:
        from skimage.segmentation import random_walker
    except ImportError:
        raise UserError(
            "baseline 'random_walker' needs scikit-image: pip install "
            "'mmdet-mal[baselines]'") from None
    return random_walker
