"""What every model that labels crops shares: maps in, masks out."""

from abc import abstractmethod

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.model import BaseModel
from torch import Tensor

from mmdet_mal.labelling.inference import annotate_sample
from mmdet_mal.labelling.postprocess import MaskOptions
from mmdet_mal.quality import MaskQuality
from mmdet_mal.models.box_geometry import rectangle_mask
from mmdet_mal.models.crop_maps import CropMaps


class CropLabeler(BaseModel):
    """Base of the models that turn the crop of a box into its mask.

    A label run calls the two halves of :meth:`predict` in different threads,
    see :class:`~mmdet_mal.engine.loops.LabelLoop`.

    Args:
        postprocess (dict, optional): Options of
            :class:`~mmdet_mal.labelling.postprocess.MaskOptions`.
        data_preprocessor (dict, optional): Normalises the crops.
        init_cfg (dict, optional): Initialisation of MMEngine.
        quality (dict, optional): Options of
            :class:`~mmdet_mal.quality.MaskQuality`: how the
            components become the score.
    """

    def __init__(self,
                 postprocess: dict | None = None,
                 data_preprocessor: dict | None = None,
                 init_cfg: dict | None = None,
                 quality: dict | None = None) -> None:
        super().__init__(data_preprocessor, init_cfg)
        self.mask_options = MaskOptions(**(postprocess or {}))
        self.quality = MaskQuality(**(quality or {}))

    @abstractmethod
    def infer_maps(self, inputs: Tensor,
                   data_samples: list[DetDataSample]) -> Tensor | CropMaps:
        """Probability maps as the masks are cut from.

        Args:
            inputs (Tensor): Normalised crops (N, 3, H, W), N at least 1.
            data_samples (list[DetDataSample]): Their meta data.

        Returns:
            Tensor | CropMaps: fp32 (N, h, w) in [0, 1], on the model's
            device; as :class:`CropMaps` with the components of the quality
            score that :func:`~mmdet_mal.models.map_parts.map_parts` gives.
        """

    def encode_maps(self, maps: Tensor | CropMaps,
                    data_samples: list[DetDataSample]) -> list[DetDataSample]:
        """Turn probability maps into masks; the network takes no part.

        Args:
            maps (Tensor | CropMaps): As :meth:`infer_maps` returns them.
            data_samples (list[DetDataSample]): Meta data of the crops.

        Returns:
            list[DetDataSample]: The same samples with ``pred_instances``.
        """
        maps = CropMaps.of(maps).cpu()
        probs = maps.prob.numpy()
        for row, (prob, sample) in enumerate(
                zip(probs, data_samples, strict=True)):
            annotate_sample(sample, prob, self.mask_options,
                            maps.parts_of(row), self.quality)
        return data_samples

    def predict(self, inputs: Tensor,
                data_samples: list[DetDataSample]) -> list[DetDataSample]:
        """Label the box of each crop.

        Args:
            inputs (Tensor): Normalised crops (N, 3, H, W); N may be 0.
            data_samples (list[DetDataSample]): Their meta data.

        Returns:
            list[DetDataSample]: The same samples with ``pred_instances``:
            ``masks`` holds one RLE of the full image.
        """
        if len(data_samples) == 0:
            return []
        return self.encode_maps(self.infer_maps(inputs, data_samples),
                                data_samples)


def crop_box_areas(data_samples: list[DetDataSample] | None) -> Tensor:
    """Box areas in px² of the original image, (N,) float32 on the CPU.

    On the CPU, because the decoder needs them there: they choose the
    resolution of the scores.

    Raises:
        ValueError: Without data samples.
    """
    if data_samples is None:
        raise ValueError('a labeller needs data_samples: the areas of the '
                         'boxes choose the resolution of the scores')
    return torch.tensor([float(s.box_area) for s in data_samples])


def crop_valid_mask(data_samples: list[DetDataSample], like: Tensor,
                    stride: int) -> Tensor:
    """Where the crops show the image, bool, of the shape of ``like``."""
    boxes = torch.tensor(
        np.array([s.valid_bbox for s in data_samples], dtype=np.float32)).to(
            like.device, non_blocking=True)
    return rectangle_mask(boxes, tuple(like.shape[-2:]), stride)
