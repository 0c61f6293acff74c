"""From a probability map to the labelled sample that hooks and metrics read."""

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from .postprocess import MaskOptions, probability_to_rle


def annotate_sample(sample: DetDataSample, prob: np.ndarray,
                    options: MaskOptions) -> None:
    """Store the mask of a box in ``sample.pred_instances``, in place.

    Args:
        sample (DetDataSample): Meta data ``crop_window``, ``bbox`` (both xyxy
            in image pixels) and ``ori_shape`` (height, width).
        prob (np.ndarray): (H, W), probability of the object over the crop.
        options (MaskOptions): Threshold and rules.
    """
    rle, area, components = probability_to_rle(
        prob, sample.crop_window, sample.bbox, sample.ori_shape, options)
    bbox = torch.as_tensor(np.asarray(sample.bbox, dtype=np.float32))
    sample.pred_instances = InstanceData(
        bboxes=bbox[None],
        scores=torch.tensor([components['mask_score']]),
        masks=[rle],
        areas=torch.tensor([area]),
        mal=[components])
