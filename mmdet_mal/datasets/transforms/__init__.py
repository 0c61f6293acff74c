"""Transforms from an image and a box to a crop."""

from .box_expansion import FixedBoxExpansion, RandomBoxExpansion
from .crop_box import CropBox
from .crop_flip import RandomCropFlip
from .load_box_image import LoadBoxImage

__all__ = [
    'CropBox', 'FixedBoxExpansion', 'LoadBoxImage', 'RandomBoxExpansion',
    'RandomCropFlip'
]
