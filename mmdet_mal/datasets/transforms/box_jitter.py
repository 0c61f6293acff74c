"""Boxes that are moved and scaled before anything is cut out around them."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

from mmdet_mal.registry import TRANSFORMS
from mmdet_mal.structures.box_noise import shift_and_scale
from mmdet_mal.utils.setting_error import SettingError


@TRANSFORMS.register_module()
class BoxJitter(BaseTransform):
    """Shift and scale the box of a training sample at random.

    For a labeller that will be given boxes as loose as this.  Goes before
    ``RandomBoxExpansion``; off unless a pipeline names it.

    Required Keys:

    - bbox (np.ndarray, shape (4,), xyxy in image pixels)
    - height, width: of the image.

    Modified Keys:

    - bbox; ``box_area``, which chooses the resolution of the scores, stays.

    Args:
        max_shift (float): The centre moves by U(-max_shift, max_shift) widths
            and heights.  Defaults to .1.
        max_scale (float): Width and height are each multiplied by
            1 + U(-max_scale, max_scale); below 1.  Defaults to .1.
    """

    def __init__(self, max_shift: float = .1, max_scale: float = .1) -> None:
        if not max_shift >= 0:
            raise SettingError(f'max_shift must be >= 0, got {max_shift}')
        if not 0 <= max_scale < 1:
            raise SettingError(f'max_scale must be in [0, 1), got {max_scale}')
        self.max_shift = max_shift
        self.max_scale = max_scale

    @cache_randomness
    def _draw(self) -> tuple[np.ndarray, np.ndarray]:
        """Draw shift (2,) and scale (2,)."""
        draws = np.random.uniform(-1, 1, size=4)
        return draws[:2] * self.max_shift, 1 + draws[2:] * self.max_scale

    def transform(self, results: dict) -> dict:
        """Replace ``bbox``.

        Args:
            results (dict): Result dict with the required keys.

        Returns:
            dict: The same dict.
        """
        shift, scale = self._draw()
        results['bbox'] = shift_and_scale(
            results['bbox'], shift, scale,
            (results['height'], results['width'])).astype(np.float32)
        return results

    def __repr__(self) -> str:
        return (f'{self.__class__.__name__}(max_shift={self.max_shift}, '
                f'max_scale={self.max_scale})')
