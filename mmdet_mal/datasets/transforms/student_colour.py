"""Stock changes of colour with the same draws and pixels, computed faster."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms import RandomGrayscale as StockGrayscale

from mmdet_mal.registry import TRANSFORMS
from mmdet_mal.structures.colour import greyed


@TRANSFORMS.register_module()
def ColorJitter(**kwargs) -> BaseTransform:
    """mmpretrain's ColorJitter with ``backend='cv2'``, bit for bit, faster.

    A function, as mmpretrain takes seconds to import and label runs import
    this module.

    Args:
        **kwargs: Of ``mmpretrain.ColorJitter``.  Another backend gets the stock
            class.

    Returns:
        BaseTransform: An instance of a subclass of ``mmpretrain.ColorJitter``.
    """
    from .color_jitter import FastColorJitter
    return FastColorJitter(**kwargs)


@TRANSFORMS.register_module()
class RandomGrayscale(StockGrayscale):
    """mmcv's RandomGrayscale, bit for bit, faster for 8-bit BGR images.

    Modified Keys:

    - img (np.ndarray, shape (H, W, 3), uint8)

    Args:
        **kwargs: Of :class:`mmcv.transforms.RandomGrayscale`.
    """

    def transform(self, results: dict) -> dict:
        """Make the image grey, or not.

        Args:
            results (dict): Result dict with ``img``.

        Returns:
            dict: The same dict.
        """
        img = results['img']
        fits = (img.ndim == 3 and img.shape[2] == 3 and img.dtype == np.uint8
                and self.keep_channels and self.color_format != 'hsv')
        if not fits:
            return super().transform(results)
        if self._random_prob() < self.prob:
            weights = np.array(self.channel_weights) / sum(self.channel_weights)
            results['img'] = greyed(img, weights)
        return results
