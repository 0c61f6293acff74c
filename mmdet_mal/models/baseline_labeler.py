"""A baseline without learning behind the interface of a labeller."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.model import BaseModel
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmdet_mal.registry import MODELS
from mmdet_mal.structures.rle import encode_window, rle_area
from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.setting_error import SettingError


@MODELS.register_module()
class BaselineLabeler(BaseModel):
    """Labels boxes with one of ``mmdet_mal.evaluation.baselines``.

    With it a baseline has what a labeller has: ``mal label``, its run directory,
    resuming, several processes, the inferencer.  The pipeline must cut crops
    with :class:`~mmdet_mal.datasets.transforms.cut_surroundings.\
CutSurroundings`, at the image's own scale.  Scores are 1: these masks are hard.

    Args:
        baseline (str): Key of ``BASELINES``.
        data_preprocessor (dict, optional): Of MMEngine; not used, the crops are
            looked at on the CPU.
        init_cfg (dict, optional): Initialisation of MMEngine.
    """

    # tools/label.py then takes a config without a checkpoint.
    needs_checkpoint = False

    def __init__(self, baseline: str, data_preprocessor: dict | None = None,
                 init_cfg: dict | None = None) -> None:
        super().__init__(data_preprocessor, init_cfg)
        # Not above: whoever wants another model needs none of the evaluation.
        from mmdet_mal.evaluation.baselines.label import BASELINES, VERSION
        if baseline not in BASELINES:
            raise SettingError(f"no baseline '{baseline}'; there are "
                               f"{', '.join(BASELINES)}")
        self.baseline = BASELINES[baseline]
        # DDP, which label runs of several processes are wrapped in, refuses a
        # model without parameters.
        self.unused = nn.Parameter(torch.zeros(1))
        # A run's manifest hashes the weights: it tells versions apart.
        self.register_buffer('version', torch.tensor(VERSION))

    def test_step(self, data: dict[str, Any]) -> list[DetDataSample]:
        """Label a chunk.

        Args:
            data (dict): ``inputs`` and ``data_samples``, see :meth:`forward`;
                what else a chunk holds is not looked at.

        Returns:
            list[DetDataSample]: The same samples with ``pred_instances``.
        """
        return self(data['inputs'], data['data_samples'], mode='predict')

    def forward(self, inputs: Sequence[Tensor],
                data_samples: list[DetDataSample] | None = None,
                mode: str = 'tensor') -> list[DetDataSample]:
        """Entry point of MMEngine.

        Args:
            inputs (Sequence[Tensor]): uint8 crops (3, h, w), BGR, of any sizes.
            data_samples (list[DetDataSample]): With ``bbox`` (4,), xyxy, and
                ``crop_window`` (4,), both in image px, and ``ori_shape``.
            mode (str): ``'predict'``.

        Returns:
            list[DetDataSample]: The same samples with ``pred_instances``.

        Raises:
            UserError: For ``mode='loss'``: there is nothing to train.
        """
        if mode == 'loss':
            raise UserError(
                'a BaselineLabeler has nothing to train; label with it at once '
                '(mal label CONFIG --ann …)')
        if mode != 'predict':
            raise ValueError(f"mode must be 'predict', got {mode!r}")
        for crop, sample in zip(inputs, data_samples, strict=True):
            self._label(crop, sample)
        return data_samples

    def _label(self, crop: Tensor, sample: DetDataSample) -> None:
        """Label one box, in place."""
        img = np.ascontiguousarray(crop.permute(1, 2, 0).cpu().numpy())
        offset = np.tile(np.asarray(sample.crop_window, np.int64)[:2], 2)
        bbox = np.asarray(sample.bbox, np.float64)
        mask, window = self.baseline(img, bbox - offset, img.shape[:2])
        rle = encode_window(mask, window + offset, tuple(sample.ori_shape))
        sample.pred_instances = InstanceData(
            bboxes=torch.as_tensor(bbox, dtype=torch.float32)[None],
            scores=torch.ones(1), masks=[rle],
            areas=torch.tensor([rle_area(rle)]), mal=[{}])
