"""Stock detectors' mask losses, each instance weighted by its label's score."""

from .fcn_mask_head import ScoreWeightedFCNMaskHead
from .mask2former_head import ScoreWeightedMask2FormerHead
from .solov2_head import ScoreWeightedSOLOV2Head

__all__ = [
    'ScoreWeightedFCNMaskHead', 'ScoreWeightedMask2FormerHead',
    'ScoreWeightedSOLOV2Head'
]
