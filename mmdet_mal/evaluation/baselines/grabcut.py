"""GrabCut from a box (Rother et al., 2004): colour models and a graph cut."""


import cv2
import numpy as np

from mmdet_mal.structures.surroundings import cut_surroundings

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
    crop, (left, top, right, bottom), window = cut_surroundings(
        img, bbox, image_shape, MARGIN, MIN_MARGIN_PX, 'GrabCut')
    crop = np.ascontiguousarray(crop)
    inside = slice(top, bottom), slice(left, right)

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
