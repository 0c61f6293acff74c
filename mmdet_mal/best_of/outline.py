"""How well the outline of a mask follows the edges of the picture."""

import cv2
import numpy as np

# Gradients are ranked by whole grey levels; a step of black to white has 1766.
_GRADIENT_LEVELS = 2048
# Radius in px of the bands inside and outside the outline, and of their means.
_BAND = 2
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
_BAND_KERNEL = cv2.getStructuringElement(
    cv2.MORPH_ELLIPSE, (2 * _BAND + 1, ) * 2)


def gradient_rank(image: np.ndarray) -> np.ndarray:
    """Percentile of each pixel's gradient within the crop.

    Args:
        image: uint8 (h, w, 3), BGR.

    Returns:
        float32 (h, w) in [0, 1]; .5 everywhere on a flat picture.
    """
    smooth = cv2.GaussianBlur(image, (3, 3), 0)
    size = np.zeros(image.shape[:2], np.float32)
    for by_x, by_y in ((1, 0), (0, 1)):
        step = cv2.Sobel(smooth, cv2.CV_32F, by_x, by_y)
        size += np.einsum('hwc,hwc->hw', step, step)
    level = np.minimum(np.sqrt(size), _GRADIENT_LEVELS - 1).astype(np.int64)
    count = np.bincount(level.reshape(-1), minlength=_GRADIENT_LEVELS)
    # The middle of equal values.
    below = np.cumsum(count) - count / 2
    return (below / level.size)[level].astype(np.float32)


def outline_components(mask: np.ndarray, gradient: np.ndarray,
                       lab: np.ndarray) -> dict[str, float]:
    """How well the outline of a mask follows the picture.

    Args:
        mask: bool (h, w), not empty.
        gradient: (h, w), of :func:`gradient_rank`.
        lab: uint8 (h, w, 3), the picture in Lab.

    Returns:
        ``edge`` and ``rim_contrast``, see
        :func:`~mmdet_mal.best_of.components.own_components`.
    """
    pixels = mask.view(np.uint8)
    # Beyond the crop counts as mask: the crop's border is no outline.
    inner = cv2.erode(pixels, _CROSS, borderValue=1)
    outline = (pixels & ~inner & 1).astype(bool)
    if not outline.any():
        return dict(edge=0., rim_contrast=0.)
    # The edge of a picture lies between two pixels: the better side counts.
    best = cv2.dilate(gradient, _CROSS)
    inside = (pixels & ~cv2.erode(pixels, _BAND_KERNEL, borderValue=1)) & 1
    outside = (cv2.dilate(pixels, _BAND_KERNEL) & ~pixels) & 1
    colours = lab.astype(np.float32)
    difference = (_local_mean(colours, inside, outline)
                  - _local_mean(colours, outside, outline))
    contrast = float(np.linalg.norm(difference, axis=1).mean())
    spread = float(np.linalg.norm(cv2.meanStdDev(lab)[1]))
    return dict(edge=float(best[outline].mean()),
                rim_contrast=contrast / max(contrast + spread, 1e-6))


def _local_mean(colours: np.ndarray, where: np.ndarray,
                at: np.ndarray) -> np.ndarray:
    """Mean colour of the chosen pixels around each of n pixels, (n, 3)."""
    side = (4 * _BAND + 1, ) * 2
    framed = cv2.merge([*cv2.split(colours * where[..., None]),
                        where.astype(np.float32)])
    total = cv2.boxFilter(framed, -1, side, normalize=False,
                          borderType=cv2.BORDER_CONSTANT)[at]
    return total[:, :3] / np.maximum(total[:, 3:], 1)
