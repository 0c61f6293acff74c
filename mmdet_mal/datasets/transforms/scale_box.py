"""Boxes that are known to be too tight, or too loose, made larger or smaller."""

import numpy as np
from mmcv.transforms import BaseTransform

from mmdet_mal.registry import TRANSFORMS
from mmdet_mal.structures.box_noise import shift_and_scale
from mmdet_mal.utils.setting_error import SettingError


@TRANSFORMS.register_module()
class ScaleBox(BaseTransform):
    """Label a box as if it were larger, or smaller, about its centre.

    For boxes that are known to be too tight.  Goes before
    ``FixedBoxExpansion``; the JSON keeps its boxes.

    Required Keys:

    - bbox (np.ndarray, shape (4,), xyxy in image pixels)
    - height, width: of the image.

    Modified Keys:

    - bbox

    Args:
        factor (float): Of width and height; above 0.  Defaults to 1.
    """

    def __init__(self, factor: float = 1.) -> None:
        if not factor > 0:
            raise SettingError(f'factor must be above 0, got {factor}')
        self.factor = factor

    def transform(self, results: dict) -> dict:
        """Replace ``bbox``.

        Args:
            results (dict): Result dict with the required keys.

        Returns:
            dict: The same dict.
        """
        if self.factor != 1:
            results['bbox'] = shift_and_scale(
                results['bbox'], (0, 0), (self.factor, ) * 2,
                (results['height'], results['width'])).astype(np.float32)
        return results

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}(factor={self.factor})'
