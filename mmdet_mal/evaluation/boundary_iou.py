"""Boundary IoU (Cheng et al., CVPR 2021): IoU of the rims of two masks.

Mask IoU of a large object hardly sees its outline.  The rim of a mask is what
lies within d pixels of its contour, inside it; d is 2 % of the image's
diagonal, as in the paper.
"""

from collections.abc import Mapping

import cv2
import numpy as np

from mmdet_mal.structures.rle import rle_to_mask

DILATION_RATIO = .02
_KERNEL = np.ones((3, 3), np.uint8)


def boundary_distance(image_shape: tuple[int, int],
                      ratio: float = DILATION_RATIO) -> int:
    """Width of the rim in pixels: a share of the diagonal, at least 1.

    Args:
        image_shape (tuple[int, int]): (height, width) in px.
        ratio (float): share of the diagonal.
    """
    return max(int(round(ratio * float(np.hypot(*image_shape)))), 1)


def mask_rim(mask: np.ndarray, distance: int) -> np.ndarray:
    """Pixels of a mask within ``distance`` of its outside.

    What lies beyond the array counts as outside, so a mask that is cut off by
    the border of its image has its rim there too, as in the authors' code.

    Args:
        mask (np.ndarray): (H, W), bool.
        distance (int): in px, by the larger of the two axes (a square kernel).

    Returns:
        np.ndarray: (H, W), bool, a subset of ``mask``.
    """
    inner = cv2.erode(mask.astype(np.uint8), _KERNEL, iterations=distance,
                      borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return mask & (inner == 0)


def boundary_iou(pred: Mapping, human: Mapping,
                 ratio: float = DILATION_RATIO) -> float:
    """Boundary IoU of two compressed RLEs of one image.

    Args:
        pred (Mapping): RLE.
        human (Mapping): RLE of the same size.
        ratio (float): width of the rim as share of the image's diagonal.

    Returns:
        float: in [0, 1]; 0 if both masks are empty.

    Raises:
        ValueError: the sizes differ.
    """
    if list(pred['size']) != list(human['size']):
        raise ValueError(f"masks are of sizes {list(pred['size'])} and "
                         f"{list(human['size'])} (h, w), expected one size")
    distance = boundary_distance(tuple(human['size']), ratio)
    masks = np.stack([rle_to_mask(pred), rle_to_mask(human)])
    union = masks.any(axis=0)
    rows, columns = np.flatnonzero(union.any(1)), np.flatnonzero(union.any(0))
    if not len(rows):
        return 0.
    # Outside this window both masks are empty, which is what mask_rim assumes
    # beyond an array: the erosion costs the object, not the image.
    window = np.s_[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]
    first, second = (mask_rim(mask[window], distance) for mask in masks)
    return float((first & second).sum() / (first | second).sum())
