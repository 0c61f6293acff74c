"""From a probability map to the labelled sample that hooks and metrics read."""

from collections.abc import Mapping

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from mmdet_mal.quality import MaskQuality

from .postprocess import MaskOptions, probability_to_rle


def annotate_sample(sample: DetDataSample, prob: np.ndarray,
                    options: MaskOptions,
                    parts: Mapping[str, float] | None = None,
                    quality: MaskQuality | None = None) -> None:
    """Store the mask of a box in ``sample.pred_instances``, in place.

    Args:
        sample (DetDataSample): Meta data ``crop_window``, ``bbox`` (both xyxy
            in image pixels) and ``ori_shape`` (height, width); where the data
            set gives it, ``box_overlap``.
        prob (np.ndarray): (H, W), probability of the object over the crop.
        options (MaskOptions): Threshold and rules.
        parts (Mapping[str, float], optional): Components of the quality score
            that the model knows; they do not change the mask.
        quality (MaskQuality, optional): Makes the score of the components;
            by default one without calibration.
    """
    rle, area, components = probability_to_rle(
        prob, sample.crop_window, sample.bbox, sample.ori_shape, options)
    components.update(parts or {})
    overlap = sample.get('box_overlap')
    if overlap is not None:
        components['box_overlap'] = float(overlap)
    bbox = np.asarray(sample.bbox, dtype=np.float32)
    score = (quality or MaskQuality())(components)
    sample.pred_instances = InstanceData(
        bboxes=torch.as_tensor(bbox)[None],
        scores=torch.tensor([score]),
        masks=[rle],
        areas=torch.tensor([area]),
        mal=[components])
