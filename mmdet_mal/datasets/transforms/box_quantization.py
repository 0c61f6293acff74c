"""Boxes on a coarse grid: training that does not trust the last pixel."""

from collections.abc import Sequence

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmdet.structures.bbox import HorizontalBoxes

from mmdet_mal.registry import TRANSFORMS
from mmdet_mal.structures.box_noise import quantise
from mmdet_mal.utils.setting_error import SettingError

# The crop's side for which the grid's distances are stated.
_REFERENCE_SIDE = 256


@TRANSFORMS.register_module()
class BoxQuantization(BaseTransform):
    r"""Round the box that the losses see to a grid in the crop.

    The grid has lines every :math:`Q L / 256` px of a crop of side L, with Q
    drawn for each sample from ``steps``.  A box that a person drew in a hurry
    is off by a few per cent; a network that was trained on such boxes does not
    rely on every edge.  The crop itself stays where it is.  We read "L" as the
    side of the crop, so that Q = 8 is 1/32 of the crop, whatever its size.

    Goes behind ``CropBox``.  Off unless a pipeline names it.

    Required Keys:

    - gt_bboxes (HorizontalBoxes, shape (1, 4), xyxy in crop pixels)
    - valid_bbox (np.ndarray, shape (4,), xyxy in crop pixels)
    - img_shape: The crop's height and width.

    Modified Keys:

    - gt_bboxes

    Args:
        steps (Sequence[float]): Values of Q, in px of a crop of 256 px, one
            drawn with equal chance; 0 leaves the box alone.  Defaults to
            (0, 8, 16, 32).
        rounding (str): 'nearest', or 'outward': boxes only grow.  Defaults to
            'nearest'.
    """

    def __init__(self, steps: Sequence[float] = (0, 8, 16, 32),
                 rounding: str = 'nearest') -> None:
        if not len(steps) or min(steps) < 0:
            raise SettingError('steps must be one or more distances of at least 0 '
                               f'px, got {steps}')
        if rounding not in ('nearest', 'outward'):
            raise SettingError("rounding must be 'nearest' or 'outward', got "
                               f'{rounding!r}')
        self.steps = tuple(steps)
        self.rounding = rounding

    @cache_randomness
    def _draw_step(self) -> float:
        return self.steps[np.random.randint(len(self.steps))]

    def transform(self, results: dict) -> dict:
        """Round ``gt_bboxes``.

        Args:
            results (dict): Result dict with the required keys.

        Returns:
            dict: The same dict.
        """
        step = self._draw_step()
        if step == 0:
            return results
        height, width = results['img_shape'][:2]
        boxes = results['gt_bboxes']
        quantised = [
            quantise(box, (step * width / _REFERENCE_SIDE,
                           step * height / _REFERENCE_SIDE),
                     results['valid_bbox'], self.rounding)
            for box in boxes.tensor.numpy()]
        results['gt_bboxes'] = HorizontalBoxes(
            np.asarray(quantised, np.float32), dtype=boxes.tensor.dtype)
        return results

    def __repr__(self) -> str:
        return (f'{self.__class__.__name__}(steps={self.steps}, '
                f"rounding='{self.rounding}')")
