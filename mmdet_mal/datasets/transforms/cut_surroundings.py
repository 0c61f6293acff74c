"""From an image and a box to the pixels that a baseline looks at."""

import numpy as np
from mmcv.transforms import BaseTransform

from mmdet_mal.structures.surroundings import cut_surroundings
from mmdet_mal.registry import TRANSFORMS
from mmdet_mal.utils.setting_error import SettingError


@TRANSFORMS.register_module()
class CutSurroundings(BaseTransform):
    """Cut a box and the ground around it out of the image, at its own scale.

    Required Keys:

    - img (np.ndarray, shape (H, W, 3), uint8)
    - bbox (np.ndarray, shape (4,), xyxy in image pixels)

    Modified Keys:

    - img (np.ndarray, shape (h, w, 3), uint8)
    - img_shape: Height and width of what was cut out.

    Added Keys:

    - ori_shape: The image's height and width.
    - crop_window (np.ndarray, shape (4,), integer xyxy in image pixels)

    Args:
        margin (float): Ground on each side, as a share of the box's longer
            side; at least 0.
        min_margin (int): At least so many px.  Defaults to 0.
    """

    def __init__(self, margin: float, min_margin: int = 0) -> None:
        if not (0 <= margin < float('inf') and min_margin >= 0):
            raise SettingError('margin and min_margin must be at least 0, got '
                               f'{margin} and {min_margin}')
        self.margin = margin
        self.min_margin = min_margin

    def transform(self, results: dict) -> dict:
        """Replace the image by the part around the box.

        Args:
            results (dict): Result dict with the required keys.

        Returns:
            dict: The same dict.

        Raises:
            ValueError: The box lies outside the image or has no area.
        """
        shape = tuple(results['img'].shape[:2])
        part = cut_surroundings(results['img'], results['bbox'], shape,
                                self.margin, self.min_margin, 'CutSurroundings')
        left, top = (part.window[:2] - part.box[:2]).tolist()
        height, width = part.crop.shape[:2]
        results['img'] = np.ascontiguousarray(part.crop)
        results['img_shape'] = (height, width)
        results['ori_shape'] = shape
        results['crop_window'] = np.array(
            [left, top, left + width, top + height], dtype=np.int64)
        return results

    def __repr__(self) -> str:
        return (f'{self.__class__.__name__}(margin={self.margin}, '
                f'min_margin={self.min_margin})')
