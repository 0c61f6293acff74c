"""One number that says how good a mask is, made without looking at a truth."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from .features import quality_features
from .model import QualityModel


class MaskQuality:
    """Turns the components of a mask into its score.

    Without a calibration the score is BoxTeacher's mask-aware score on the
    map before any refinement: it ranks masks, and its value means little.
    With one, it is the IoU with a human's mask that may be expected.

    Args:
        calibration: path of a calibration's JSON file, the name of a shipped
            one, or its content; by default none.

    Raises:
        CalibrationError: if it is absent or broken.
    """

    def __init__(self,
                 calibration: str | Mapping[str, Any] | None = None) -> None:
        self.model = calibration and QualityModel.load(calibration)

    def __call__(self, components: Mapping[str, Any]) -> float:
        """Score one mask.

        Args:
            components: of the mask, see
                :func:`.postprocess.probability_to_rle` and
                :func:`mmdet_mal.models.map_parts.map_parts`.

        Returns:
            In [0, 1]; 0 for a fallback, which is no mask by the labeller.

        Raises:
            CalibrationError: if the calibration wants components that are not
                there.
        """
        if components.get('fallback'):
            return 0.
        if self.model is None:
            # A labeller that gives bare maps has the refined score only.
            score = components.get('raw_mask_score', components['mask_score'])
        else:
            score = self.model.predict(quality_features(components))
        return float(np.clip(score, 0, 1))
