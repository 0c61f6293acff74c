"""GrabCut from a box (Rother et al., 2004): colour models and a graph cut."""


import cv2
import numpy as np

from mmdet_mal.structures.rle import bbox_window

ITERATIONS = 5
# Ground seen around the box, as a share of its longer side: GrabCut learns
# its colours of sure background there.
MARGIN = .5
MIN_MARGIN_PX = 8
# OpenCV seeds its k-means from a global generator: reset for every box, or
# the mask of a box would depend on those before it.
SEED = 0


def grabcut_mask(img: np.ndarray, bbox: np.ndarray,
                 image_shape: tuple[int, int]
                 ) -> tuple[np.ndarray, np.ndarray]:
    """GrabCut on a crop around the box; outside the box is sure background.

    Args:
        img (np.ndarray): uint8 (H, W, 3), BGR.
        bbox (np.ndarray): (4,) xyxy in image px.
        image_shape (tuple[int, int]): (height, width) of ``img`` in px.

    Returns:
        tuple: mask bool (h, w) and its window int64 (4,) xyxy in image px; the
        filled window where GrabCut finds no foreground, or where the box
        covers the image and leaves no ground to learn from.

    Raises:
        ValueError: no image, one of another shape, or a box that is not
            finite, has no area or lies outside.
    """
    if img is None or img.shape != (*image_shape, 3):
        found = None if img is None else img.shape
        raise ValueError(
            f'GrabCut needs the image as uint8 BGR {(*image_shape, 3)}, '
            f'found {found}')
    window = np.array(bbox_window(bbox, image_shape), dtype=np.int64)
    left, top, right, bottom = (int(value) for value in window)
    margin = max(MIN_MARGIN_PX, round(MARGIN * max(right - left, bottom - top)))
    crop_left, crop_top = max(left - margin, 0), max(top - margin, 0)
    crop = np.ascontiguousarray(
        img[crop_top:bottom + margin, crop_left:right + margin])
    inside = (slice(top - crop_top, bottom - crop_top),
              slice(left - crop_left, right - crop_left))

    labels = np.full(crop.shape[:2], cv2.GC_BGD, dtype=np.uint8)
    labels[inside] = cv2.GC_PR_FGD
    full = np.ones((bottom - top, right - left), dtype=bool)
    # k-means wants one sample per component of each colour model (5).
    if min(np.count_nonzero(labels), np.count_nonzero(labels == 0)) < 5:
        return full, window
    cv2.setRNGSeed(SEED)
    cv2.grabCut(crop, labels, None, np.zeros((1, 65)), np.zeros((1, 65)),
                ITERATIONS, cv2.GC_INIT_WITH_MASK)
    mask = np.isin(labels[inside], (cv2.GC_FGD, cv2.GC_PR_FGD))
    return (mask if mask.any() else full), window
