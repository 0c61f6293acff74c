"""One image of a call, whatever it was given as."""

import os
from typing import Any

import numpy as np
from PIL import Image

from mmdet_mal.datasets.annotations import AnnotationError
from mmdet_mal.datasets.image_opening import open_image
from mmdet_mal.datasets.region_image import RegionImage

from .errors import InferenceInputError

CHANNEL_ORDERS = ('rgb', 'bgr')
# Of Pillow; all others have values that do not fit 8 bits.
_PILLOW_MODES = ('1', 'L', 'LA', 'P', 'PA', 'RGB', 'RGBA', 'RGBX', 'CMYK', 'YCbCr',
                 'LAB', 'HSV', 'La', 'RGBa')


def check_image(image: Any, index: int, channel_order: str | None) -> None:
    """Refuse what is no image, before anything is computed.

    Args:
        image: as for :func:`open_input`.
        index: position among the inputs, for the message.
        channel_order: as for :func:`open_input`.

    Raises:
        InferenceInputError: if it cannot be used.
    """
    who = f'inputs[{index}]'
    if channel_order not in (None, *CHANNEL_ORDERS):
        raise InferenceInputError(
            f"channel_order is {channel_order!r}, expected 'rgb' or 'bgr'")
    if isinstance(image, (str, os.PathLike)):
        path = os.fspath(image)
        if os.path.isdir(path):
            raise InferenceInputError(
                f'{who}: {path} is a folder; give a list of its images, one list '
                'of boxes for each')
        if '://' not in path and not os.path.isfile(path):
            raise InferenceInputError(
                f'{who}: {path}: no such image (working directory '
                f'{os.getcwd()})')
    elif isinstance(image, Image.Image):
        if image.mode not in _PILLOW_MODES:
            raise InferenceInputError(
                f'{who}: a Pillow image of mode {image.mode!r} has more than 8 '
                "bits a channel; scale it and convert it to 'RGB' yourself")
    elif isinstance(image, np.ndarray):
        _check_array(image, who, channel_order)
    else:
        raise InferenceInputError(
            f'{who}: is a {type(image).__name__}, expected a path, a Pillow '
            'image, or a numpy array (height, width, 3) of uint8')


def open_input(image: Any, index: int,
               channel_order: str | None) -> np.ndarray | RegionImage:
    """Give an image as the labeller's pipeline takes it.

    Args:
        image: a path or address (read as in a label run: EXIF orientation
            ignored), a Pillow image (as it is, not turned either), or a numpy
            array uint8 (H, W, 3) or grey (H, W).
        index: position among the inputs, for the message.
        channel_order: ``'rgb'`` or ``'bgr'``, of arrays with three channels.

    Returns:
        BGR, uint8 (H, W, 3); a very large file by region.

    Raises:
        InferenceInputError: if it cannot be used or read.
    """
    check_image(image, index, channel_order)
    if isinstance(image, (str, os.PathLike)):
        try:
            return open_image(os.fspath(image), f'inputs[{index}]')
        except AnnotationError as error:
            raise InferenceInputError(str(error)) from None
    if isinstance(image, Image.Image):
        return np.asarray(image.convert('RGB'))[:, :, ::-1].copy()
    if image.ndim == 2:
        return np.repeat(image[:, :, None], 3, axis=2)
    return np.ascontiguousarray(
        image[:, :, ::-1] if channel_order == 'rgb' else image)


def _check_array(image: np.ndarray, who: str, channel_order: str | None) -> None:
    """Refuse arrays that are no 8-bit image or whose colours are in doubt."""
    if image.dtype != np.uint8:
        raise InferenceInputError(
            f'{who}: an array of {image.dtype}, expected uint8 in 0 to 255; '
            'scale and convert it')
    grey = image.ndim == 2
    if not (grey or image.ndim == 3 and image.shape[2] == 3) or 0 in image.shape:
        raise InferenceInputError(
            f'{who}: an array of shape {image.shape}, expected (height, width, 3) '
            'or grey (height, width); a list of images is a batch, drop an alpha '
            'channel')
    if not grey and channel_order is None:
        raise InferenceInputError(
            f'{who}: of a numpy array nobody can see whether it is RGB (Pillow, '
            "imageio) or BGR (OpenCV): say channel_order='rgb' or 'bgr'")
