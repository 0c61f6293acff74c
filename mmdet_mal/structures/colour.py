"""Changes of colour at a fraction of the stock functions' time, bit for bit.

Each function gives what mmcv's function of the same purpose gives for 8-bit
BGR images with ``backend='cv2'``.  mmcv changes brightness and contrast pixel by
pixel in fp32; a pixel has only 256 values, so here 256 are computed and looked
up.  Pure functions; none changes its argument.
"""

import cv2
import mmcv
import numpy as np

_LEVELS = np.arange(256, dtype=np.uint8)


def brightened(img: np.ndarray, factor: float) -> np.ndarray:
    """Scale the brightness, as :func:`mmcv.adjust_brightness` does.

    Args:
        img (np.ndarray): (H, W, 3), uint8.
        factor (float): 0 is black, 1 leaves all as it is.

    Returns:
        np.ndarray: (H, W, 3), uint8.
    """
    return cv2.LUT(img, _blended_levels(factor, 0))


def contrasted(img: np.ndarray, factor: float) -> np.ndarray:
    """Stretch about the mean grey, as :func:`mmcv.adjust_contrast` does.

    Args:
        img (np.ndarray): (H, W, 3), uint8, BGR.
        factor (float): 0 is the mean grey, 1 leaves all as it is.

    Returns:
        np.ndarray: (H, W, 3), uint8.
    """
    grey = mmcv.bgr2gray(img)
    # mmcv divides by the sum of a histogram, which is the number of pixels.
    mean = round(np.sum(grey) / grey.size)
    return cv2.LUT(img, _blended_levels(factor, mean))


def saturated(img: np.ndarray, factor: float) -> np.ndarray:
    """Blend with the grey image, as :func:`mmcv.adjust_color` does.

    Args:
        img (np.ndarray): (H, W, 3), uint8, BGR.
        factor (float): 0 is grey, 1 leaves all as it is.

    Returns:
        np.ndarray: (H, W, 3), uint8.
    """
    grey = cv2.cvtColor(mmcv.bgr2gray(img), cv2.COLOR_GRAY2BGR)
    return cv2.addWeighted(img, factor, grey, 1 - factor, 0)


def hue_shifted(img: np.ndarray, shift: float) -> np.ndarray:
    """Turn the hue, as :func:`mmcv.adjust_hue` does.

    mmcv's own fails with numpy 2, which makes no 8-bit number of a negative one.

    Args:
        img (np.ndarray): (H, W, 3), uint8, BGR.
        shift (float): In turns, [-0.5, 0.5].

    Returns:
        np.ndarray: (H, W, 3), uint8.
    """
    hsv = cv2.cvtColor(img, cv2.COLOR_BGR2HSV_FULL)
    # Around the circle: sums of 8 bits drop what is above.
    hsv[..., 0] += np.uint8(int(shift * 255) % 256)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR_FULL)


def greyed(img: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted mean of the channels in all of them, cut to whole numbers.

    As :class:`mmcv.transforms.RandomGrayscale` makes it, in fp64 and in its
    order of adding up, so that the same numbers are cut off.

    Args:
        img (np.ndarray): (H, W, 3), uint8.
        weights (np.ndarray): (3,), fp64, of sum 1.

    Returns:
        np.ndarray: (H, W, 3), uint8.
    """
    grey = img[..., 0] * weights[0]
    grey += img[..., 1] * weights[1]
    grey += img[..., 2] * weights[2]
    return cv2.cvtColor(grey.astype(np.uint8), cv2.COLOR_GRAY2BGR)


def _blended_levels(factor: float, level: int) -> np.ndarray:
    """What becomes of each of the 256 levels when blended with one."""
    # mmcv's own arithmetic.
    blended = cv2.addWeighted(
        _LEVELS.astype(np.float32), factor,
        np.full(256, level, dtype=np.float32), 1 - factor, 0)
    return np.clip(blended, 0, 255).astype(np.uint8)
