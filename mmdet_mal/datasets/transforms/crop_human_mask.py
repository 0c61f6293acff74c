"""The human mask of a box, cut and resized like its crop."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.structures.mask import BitmapMasks

from mmdet_mal.registry import TRANSFORMS
from mmdet_mal.structures.crop import crop_and_resize
from mmdet_mal.structures.rle import rle_to_mask

_FULL = 255


@TRANSFORMS.register_module()
class CropHumanMask(BaseTransform):
    """Add the mask of a :class:`HumanMaskDataset` sample in crop pixels.

    Comes after ``CropBox`` and before the flip, which mirrors ``gt_masks``.

    Required Keys:

    - mask_rle (dict): Compressed RLE over the whole image.
    - crop_window (np.ndarray, shape (4,), integer xyxy in image pixels)
    - img_shape: The crop's height and width.

    Added Keys:

    - gt_masks (BitmapMasks of one mask of the crop's size): 1 where at least
      half of the crop pixel is object, 0 beyond the image.
    """

    def transform(self, results: dict) -> dict:
        """Add ``gt_masks``.

        Args:
            results (dict): Result dict with the required keys.

        Returns:
            dict: The same dict.
        """
        size = tuple(results['img_shape'][:2])
        whole = rle_to_mask(results['mask_rle']).astype(np.uint8) * _FULL
        crop, _ = crop_and_resize(whole, results['crop_window'], size, 'zero')
        results['gt_masks'] = BitmapMasks(
            (crop > _FULL // 2).astype(np.uint8)[None], *size)
        return results

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}()'
