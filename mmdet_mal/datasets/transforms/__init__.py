"""Transforms from an image and a box to a crop."""

from .box_expansion import FixedBoxExpansion, RandomBoxExpansion
from .box_jitter import BoxJitter
from .box_quantization import BoxQuantization
from .crop_box import CropBox
from .crop_flip import RandomCropFlip
from .crop_human_mask import CropHumanMask
from .cut_surroundings import CutSurroundings
from .load_box_image import LoadBoxImage
from .paste_boxes import PasteBoxes
from .scale_box import ScaleBox
from .student_colour import ColorJitter, RandomGrayscale
from .scored_annotations import LoadScoredAnnotations, PackScoredInputs

__all__ = [
    'BoxJitter', 'BoxQuantization', 'ColorJitter', 'CropBox', 'CropHumanMask',
    'CutSurroundings',
    'FixedBoxExpansion', 'LoadBoxImage', 'LoadScoredAnnotations', 'PackScoredInputs',
    'PasteBoxes', 'RandomBoxExpansion', 'RandomCropFlip', 'RandomGrayscale',
    'ScaleBox'
]
