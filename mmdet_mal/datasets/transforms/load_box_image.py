"""Image loader whose errors say which annotation could not be read."""

from typing import Any

import numpy as np
from mmcv.transforms import LoadImageFromFile

from mmdet_mal.datasets.image_opening import REGION_PIXELS
from mmdet_mal.datasets.images import IGNORE_EXIF, check_size
from mmdet_mal.datasets.last_image import LastImage
from mmdet_mal.registry import TRANSFORMS
from mmdet_mal.utils.setting_error import SettingError


@TRANSFORMS.register_module()
class LoadBoxImage(LoadImageFromFile):
    """Load the image of a box as BGR, or take it from the dataset's cache.

    A grey image becomes three equal channels.  The EXIF orientation is
    ignored by default, because a COCO box refers to the pixels as they are
    stored, whose height and width the JSON states.

    Required Keys:

    - img_path, or img (then nothing is read)
    - ann_id, height, width (optional; for the check and the messages)

    Added Keys:

    - img (np.ndarray, shape (H, W, 3), uint8, BGR)
    - img_shape, ori_shape: Height and width of the image.

    Args:
        color_type (str): Flag of :func:`mmcv.imfrombytes`; 'color' obeys the
            EXIF orientation.  Defaults to 'color_ignore_orientation'.
        imdecode_backend (str): As in :class:`mmcv.LoadImageFromFile`.
            Defaults to 'cv2'.
        region_pixels (int): Images of more pixels are read by region where
            their format allows it: ``img`` is then a
            :class:`~mmdet_mal.datasets.region_image.RegionImage`, of which
            ``CropBox`` cuts its window.  Defaults to 50 million.
        keep (str): ``'last'`` keeps the image for the next box, which takes it
            if it is on the same one; for samplers that put boxes of an image
            together.  The array is then read-only.  Defaults to ``'none'``.
        backend_args (dict, optional): File backend, as in
            :class:`mmcv.LoadImageFromFile`.  Defaults to None.

    Raises:
        AnnotationError: If the image is absent, cannot be decoded or is not
            of the size stated; one line with file and annotation id.
        SettingError: If ``keep`` is another word.
    """

    def __init__(self,
                 color_type: str = IGNORE_EXIF,
                 imdecode_backend: str = 'cv2',
                 region_pixels: int = REGION_PIXELS,
                 keep: str = 'none',
                 *,
                 backend_args=None) -> None:
        super().__init__(
            color_type=color_type,
            imdecode_backend=imdecode_backend,
            backend_args=backend_args)
        if keep not in ('none', 'last'):
            raise SettingError(f"keep must be 'none' or 'last', got {keep!r}")
        self.region_pixels = region_pixels
        self.keep = keep
        self._last = LastImage()

    def transform(self, results: dict) -> dict:
        """Load the image unless it is there already.

        Args:
            results (dict): Result dict with the required keys.

        Returns:
            dict: The same dict.
        """
        who = f"annotation {results.get('ann_id', '?')}"
        if 'img' not in results:
            results['img'] = self._open(results['img_path'], who)
        shape = results['img'].shape[:2]
        if 'height' in results and 'width' in results:
            check_size(results['img_path'], who, shape,
                       (results['height'], results['width']))
        results['img_shape'] = shape
        results['ori_shape'] = shape
        return results

    def _open(self, path: str, who: str) -> Any:
        """The image of a path, or the one that was kept."""
        img = self._last.open(
            path,
            who,
            color_type=self.color_type,
            backend=self.imdecode_backend,
            backend_args=self.backend_args,
            region_pixels=self.region_pixels)
        if self.keep == 'none':
            self._last.forget()
        elif isinstance(img, np.ndarray):
            img.flags.writeable = False  # the next box wants it as it is
        return img
