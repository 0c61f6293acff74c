"""From the probability map of a crop to the mask of the full image.

All work happens in the window of the crop: the map is resized to the window,
thresholded, cut at the image border (and the box) and encoded straight into the
full image's runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from scipy.special import expit, logit

from mmdet_mal.structures.rle import RLE, bbox_rle, bbox_window, encode_window, rle_area
from mmdet_mal.utils.setting_error import SettingError

from .mask_rules import drop_small_parts, fill_holes, side_slack, tight_threshold

EMPTY_MASK = 'empty_mask'


@dataclass(frozen=True)
class MaskOptions:
    """How a probability map becomes a mask.

    Attributes:
        threshold: foreground is where the probability is strictly greater;
            in [0, 1).
        clip_to_box: cut the mask at the pixels that the box touches.
        ellipse_prior: weight of the ellipse inscribed in a small box, in log
            odds, see :func:`add_ellipse_prior`; 0 leaves it out.  Ours: where
            an object has a few dozen pixels, the shape of its box says as
            much as the image does.
        small_area: boxes of less than this area in image px² are small.
        tight_range: bounds (low, high) of a threshold of its own for each mask,
            the largest at which the mask reaches all four sides of its box
            (:func:`.mask_rules.tight_threshold`); None takes ``threshold``.
        box_margin: share of the box's width and height by which a mask may go
            beyond the box on each side; for boxes that may be too tight.  0
            takes boxes at their word.
        min_part: connected parts of less than this share of the largest one are
            dropped; in [0, 1], 1 keeps the largest alone.
        max_hole: holes of at most this share of the mask are filled; in [0, 1].
    """

    threshold: float = .5
    clip_to_box: bool = True
    ellipse_prior: float = 0.
    small_area: float = 32**2
    tight_range: tuple[float, float] | None = None
    box_margin: float = 0.
    min_part: float = 0.
    max_hole: float = 0.

    def __post_init__(self) -> None:
        if not 0 <= self.threshold < 1:
            raise SettingError(
                f'threshold is {self.threshold}, expected a value in [0, 1)')
        if self.tight_range is not None:
            low, high = self.tight_range
            if not 0 <= low <= high < 1:
                raise SettingError(f'tight_range is {self.tight_range}, expected '
                                   '(low, high) with 0 <= low <= high < 1')
        if not 0 <= self.box_margin <= 1:
            raise SettingError(f'box_margin is {self.box_margin}, expected a share '
                               'of the box in [0, 1]')
        for name in ('min_part', 'max_hole'):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingError(f'{name} is {getattr(self, name)}, expected a '
                                   'share in [0, 1]')
        if self.ellipse_prior < 0:
            raise SettingError(f'ellipse_prior is {self.ellipse_prior}, expected '
                               'a weight of at least 0')


def probability_to_rle(
        prob: np.ndarray, crop_window: Sequence[int], bbox: Sequence[float],
        image_shape: tuple[int, int], options: MaskOptions = MaskOptions()
) -> tuple[RLE, int, dict[str, Any]]:
    """Turn the probability map of one crop into a mask of the full image.

    Args:
        prob: (H, W) float, foreground probability in [0, 1] over the crop; H
            and W need not be the window's.  NaN counts as background.
        crop_window: (x0, y0, x1, y1) integers, the part of the image plane
            that the crop shows; may overhang the image.
        bbox: (x0, y0, x1, y1) in image pixels, the box that is labelled.
        image_shape: (height, width) of the image in pixels.
        options: threshold and clipping.

    Returns:
        The compressed RLE of the full image, its area in pixels, and the
        components

        * ``fallback``: None, or ``'empty_mask'`` when no pixel was above the
          threshold and the filled box stands in;
        * ``mask_score``: BoxTeacher's mask-aware score (DESIGN 3) with c = 1,
          sqrt(sum 1[m > t] m m_b / sum 1[m > t] m_b), in [0, 1]; 0 for a
          fallback;
        * ``box_fill``: share of the box's pixels that are mask, in [0, 1]
          (before the fallback);
        * ``tightness``: share of the four box sides that the mask reaches,
          in {0, .25, .5, .75, 1}; sides cut off by the image border count at
          the border.

    Raises:
        ValueError: if prob is not a 2-D map or the box has no pixel in the
            image.
    """
    prob = np.asarray(prob, dtype=np.float32)
    if prob.ndim != 2 or prob.size == 0:
        raise ValueError(
            f'prob has shape {prob.shape}, expected one map (height, width)')
    x0, y0, x1, y1 = (int(v) for v in crop_window)
    height, width = (int(v) for v in image_shape)
    box = bbox_window(bbox, (height, width))

    if not np.isfinite(prob.sum()):  # asked of the sum, as it is dear to mend
        prob = np.nan_to_num(prob)
    prob = resize_map(prob, (y1 - y0, x1 - x0))
    region = ((0, 0, width, height) if not options.clip_to_box else
              box if options.box_margin == 0 else
              bbox_window(grow_box(bbox, options.box_margin), (height, width)))
    # The part of the window that can hold mask pixels, in image pixels.
    left, top = max(x0, region[0]), max(y0, region[1])
    right, bottom = max(min(x1, region[2]), left), max(min(y1, region[3]), top)
    prob = prob[top - y0:bottom - y0, left - x0:right - x0]
    if (options.ellipse_prior > 0
            and (bbox[2] - bbox[0]) * (bbox[3] - bbox[1]) < options.small_area):
        prob = add_ellipse_prior(prob, (left, top), bbox, options.ellipse_prior)
    # The same arrays cut down to the box (equal to them when clipping).
    in_box = np.s_[max(box[1] - top, 0):max(box[3] - top, 0),
                   max(box[0] - left, 0):max(box[2] - left, 0)]
    threshold = (options.threshold if options.tight_range is None else
                 tight_threshold(prob[in_box], box, *options.tight_range))
    mask = drop_small_parts(prob > threshold, options.min_part)
    mask = fill_holes(mask, options.max_hole)
    offset = (max(left, box[0]), max(top, box[1]))
    components: dict[str, Any] = dict(
        fallback=None,
        mask_score=mask_score(prob[in_box], mask[in_box]),
        # OpenCV counts and bounds bytes ten times as fast as numpy sums them.
        box_fill=cv2.countNonZero(mask[in_box].view(np.uint8)) / _window_area(box),
        tightness=sides_reached(mask[in_box], offset, box))
    if not mask.any():
        components['fallback'] = EMPTY_MASK
        return bbox_rle(bbox, (height, width)), _window_area(box), components
    rle = encode_window(mask, (left, top, right, bottom), (height, width))
    return rle, rle_area(rle), components


def resize_map(prob: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize a map: mean over pixels where it shrinks, linear where it grows.

    Args:
        prob: (H, W) float32.
        size: (height, width) wanted, each at least 1.

    Returns:
        (height, width) float32.

    Raises:
        ValueError: if a wanted side is less than one pixel.
    """
    height, width = size
    if height < 1 or width < 1:
        raise ValueError(f'cannot resize a map to {height} x {width} px '
                         '(height x width); a crop window has at least 1 px a side')
    # The axes are apart so that a map that shrinks in one and grows in the
    # other is not aliased.
    shrunk = (min(height, prob.shape[0]), min(width, prob.shape[1]))
    if shrunk != prob.shape:
        prob = cv2.resize(prob, shrunk[::-1], interpolation=cv2.INTER_AREA)
    if shrunk != (height, width):
        prob = cv2.resize(prob, (width, height), interpolation=cv2.INTER_LINEAR)
    return prob


def add_ellipse_prior(prob: np.ndarray, offset: tuple[int, int],
                      bbox: Sequence[float], weight: float) -> np.ndarray:
    """Move probabilities towards the ellipse inscribed in the box.

    The log odds of a pixel centre grow by ``weight * (1 - d)``, where d is its
    squared distance from the box's centre in half-axes of the ellipse: 0 at
    the centre, 1 on the ellipse, 2 in the corners.

    Args:
        prob: (h, w) float32 in [0, 1].
        offset: (x, y) of the map's first pixel in image pixels.
        bbox: (x0, y0, x1, y1) in image pixels.
        weight: of the prior, in log odds at the centre.

    Returns:
        (h, w) float32 in (0, 1).
    """
    x0, y0, x1, y1 = (float(v) for v in bbox)
    xs = offset[0] + np.arange(prob.shape[1]) + .5
    ys = offset[1] + np.arange(prob.shape[0]) + .5
    distance = ((2 * xs - x0 - x1) / (x1 - x0))**2 + (
        ((2 * ys - y0 - y1) / (y1 - y0))**2)[:, None]
    # A saturated probability would leave the prior no say at all.
    prob = np.clip(prob, 1e-3, 1 - 1e-3).astype(np.float64)
    return expit(logit(prob) + weight * (1 - distance)).astype(np.float32)


def mask_score(prob: np.ndarray, mask: np.ndarray) -> float:
    """Return sqrt of the mean probability over the mask's pixels.

    Args:
        prob: (h, w) float, probabilities inside the box.
        mask: (h, w) bool, the pixels above the threshold inside the box.

    Returns:
        A value in [0, 1]; 0 for an empty mask.
    """
    if not mask.any():
        return 0.
    return float(np.sqrt(np.clip(prob[mask].mean(dtype=np.float64), 0, 1)))


def sides_reached(mask: np.ndarray, offset: tuple[int, int],
                  box: tuple[int, int, int, int]) -> float:
    """Return the share of the four box sides that a mask reaches.

    Args:
        mask: (h, w) bool, a part of the box.
        offset: (x, y) of the mask's first pixel in image pixels.
        box: integers (x0, y0, x1, y1) in image pixels, end exclusive.

    Returns:
        A multiple of .25 in [0, 1]; 0 for an empty mask.
    """
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    if width == 0:
        return 0.
    left, top = offset[0] + x, offset[1] + y
    slack_x, slack_y = side_slack(box)
    reached = (left < box[0] + slack_x, left + width > box[2] - slack_x,
               top < box[1] + slack_y, top + height > box[3] - slack_y)
    return sum(reached) / 4


def grow_box(bbox: Sequence[float], margin: float) -> tuple[float, ...]:
    """A box with a margin on every side.

    Args:
        bbox: (x0, y0, x1, y1) in image pixels.
        margin: as a share of its width and height.

    Returns:
        (x0, y0, x1, y1); may overhang the image.
    """
    x0, y0, x1, y1 = (float(v) for v in bbox)
    extra_x, extra_y = margin * (x1 - x0), margin * (y1 - y0)
    return x0 - extra_x, y0 - extra_y, x1 + extra_x, y1 + extra_y


def _window_area(window: tuple[int, int, int, int]) -> int:
    """Return the number of pixels of a window."""
    return (window[2] - window[0]) * (window[3] - window[1])
