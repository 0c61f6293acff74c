"""From an image and a window to a crop with its box."""


import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.structures.bbox import HorizontalBoxes

from mmdet_mal.registry import TRANSFORMS
from mmdet_mal.structures.crop import (PADDINGS, bbox_to_crop, clip_window,
                                       crop_and_resize)
from mmdet_mal.utils.setting_error import SettingError


@TRANSFORMS.register_module()
class CropBox(BaseTransform):
    """Cut the window of a box out of the image and resize it (paper 3.1).

    Required Keys:

    - img (np.ndarray, shape (H, W, 3), uint8)
    - bbox (np.ndarray, shape (4,), xyxy in image pixels)
    - crop_window (np.ndarray, shape (4,), integer xyxy in image pixels)
    - label (int, optional): Index of the class, 0 when absent.

    Modified Keys:

    - img (np.ndarray, shape (*size, 3), uint8)
    - img_shape: The crop's height and width.

    Added Keys:

    - ori_shape: The image's height and width.
    - gt_bboxes (HorizontalBoxes, shape (1, 4), xyxy in crop pixels)
    - gt_bboxes_labels (np.ndarray, shape (1,), int64)
    - gt_ignore_flags (np.ndarray, shape (1,), bool)
    - valid_bbox (np.ndarray, shape (4,), float32): The part of the crop that
      shows the image, xyxy in crop pixels; the rest is padding and takes part
      in no loss.  With ``overhang='used'`` all of the crop.

    Args:
        size (tuple[int, int]): Height and width of the crop; the aspect ratio
            is not kept.  Defaults to (512, 512).
        padding (str): What the crop shows beyond the image: 'reflect',
            'zero', or 'wrap', the opposite side of the image (released).
            Defaults to 'reflect'.
        overhang (str): 'ignored', the padding takes part in nothing, or
            'used', it counts as if it were image (released).  Defaults to
            'ignored'.
    """

    def __init__(self,
                 size: tuple[int, int] = (512, 512),
                 padding: str = 'reflect',
                 overhang: str = 'ignored') -> None:
        if len(size) != 2 or min(size) < 1:
            raise SettingError(
                f'size must be (height, width) in pixels, got {size}')
        if padding not in PADDINGS:
            raise SettingError(f'padding must be one of {PADDINGS}, got '
                               f"'{padding}'")
        if overhang not in ('ignored', 'used'):
            raise SettingError("overhang must be 'ignored' or 'used', got "
                               f"'{overhang}'")
        self.size = tuple(int(v) for v in size)
        self.padding = padding
        self.overhang = overhang

    def transform(self, results: dict) -> dict:
        """Replace the image by the crop and add the box in crop pixels.

        Args:
            results (dict): Result dict with the required keys.

        Returns:
            dict: The same dict.
        """
        img = results['img']
        return self.place(results, self.cut(img, results['crop_window']),
                          img.shape[:2])

    def cut(self, img: np.ndarray, window: np.ndarray) -> np.ndarray:
        """The pixels of a crop.

        Args:
            img (np.ndarray): (H, W, 3), uint8.
            window (np.ndarray): (4,), integer xyxy in image pixels.

        Returns:
            np.ndarray: (*size, 3), uint8.

        Raises:
            ValueError: If the window lies wholly outside the image.
        """
        return crop_and_resize(img, window, self.size, self.padding)[0]

    def place(self, results: dict, crop: np.ndarray,
              image_shape: tuple[int, int]) -> dict:
        """Put a crop in the image's place, and say what it shows.

        Args:
            results (dict): With the required keys but for ``img``; changed.
            crop (np.ndarray): (*size, C), the pixels of ``crop_window``.
            image_shape (tuple[int, int]): Height and width of the image that
                it was cut from.

        Returns:
            dict: The same dict.
        """
        window = results['crop_window']
        if self.overhang == 'used':
            valid_bbox = np.array([0, 0, self.size[1], self.size[0]],
                                  dtype=np.float32)
        else:
            valid_bbox = bbox_to_crop(clip_window(window, image_shape), window,
                                      self.size)
        bbox = bbox_to_crop(results['bbox'], window, self.size)
        results['ori_shape'] = tuple(image_shape)
        results['img'] = crop
        results['img_shape'] = self.size
        results['valid_bbox'] = valid_bbox
        results['gt_bboxes'] = HorizontalBoxes(bbox[None])
        results['gt_bboxes_labels'] = np.array([results.get('label', 0)],
                                               dtype=np.int64)
        results['gt_ignore_flags'] = np.zeros(1, dtype=bool)
        return results

    def __repr__(self) -> str:
        return (f'{self.__class__.__name__}(size={self.size}, '
                f"padding='{self.padding}', overhang='{self.overhang}')")
