"""Mean mask IoU as an MMEngine metric."""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger

from mmdet_mal.evaluation.mask_iou import (box_area, human_rles,
                                           read_annotations, rle_iou,
                                           scored_annotations,
                                           summarise_arrays)
from mmdet_mal.registry import METRICS


@METRICS.register_module()
class MaskIoUMetric(BaseMetric):
    """Mean IoU between predicted masks and human masks, box by box.

    Reads ``pred_instances.masks[0]`` (RLE of the full image) and ``ann_id`` of
    every data sample.  Boxes which the run did not predict (chunks finished
    by an earlier run, unreadable images) are not scored; ``mal/n`` says how
    many were.  ``tools/evaluate.py`` on the finished JSON counts them as 0.

    Args:
        ann_file (str): COCO JSON with human masks.  It is read by this metric
            only; training and labelling never see it.
        collect_device (str): 'cpu' or 'gpu'.  Defaults to 'cpu'.
        prefix (str, optional): prefix of the names.  Defaults to 'mal'.
        collect_dir (str, optional): shared folder for results of other ranks.

    Raises:
        AnnotationError: ``ann_file`` is unreadable or has a box without mask.
    """

    default_prefix = 'mal'

    def __init__(self,
                 ann_file: str,
                 collect_device: str = 'cpu',
                 prefix: str | None = None,
                 collect_dir: str | None = None) -> None:
        super().__init__(collect_device, prefix, collect_dir)
        data = read_annotations(ann_file)
        self.ann_file = ann_file
        self._targets = human_rles(data)
        self._areas = {ann['id']: box_area(ann)
                       for ann in scored_annotations(data)}

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Score one batch; a sample without human mask (crowd) is passed over.

        Raises:
            ValueError: a mask of another size than its image.
        """
        for sample in data_samples:
            ann_id = sample['ann_id']
            if ann_id not in self._targets:
                continue
            try:
                iou = rle_iou(sample['pred_instances']['masks'][0],
                              self._targets[ann_id])
            except ValueError as error:
                raise ValueError(f'annotation {ann_id}: {error}') from error
            self.results.append((ann_id, iou))

    def evaluate(self, size: int) -> dict[str, float]:
        """Gather all ranks' results; ``size`` is not used.

        MMEngine cuts the results to ``size`` = len(dataset), but an item of
        the label data set is a chunk of many boxes.  Boxes which a padding
        sampler repeats are dropped by id in :meth:`compute_metrics` instead.
        """
        return super().evaluate(sys.maxsize)

    def compute_metrics(self, results: list[tuple[int, float]]) -> dict:
        """Mean IoU overall and by box size.

        Returns:
            dict: 'miou', 'miou_ge32', 'miou_small', 'miou_medium',
            'miou_large' (nan for an empty range) and 'n' boxes scored.
        """
        by_id = dict(results)
        unseen = len(self._targets) - len(by_id)
        if unseen:
            MMLogger.get_current_instance().warning(
                f'{unseen} of {len(self._targets)} boxes of {self.ann_file} '
                'were not predicted in this run and are not scored here')
        ious = np.array(list(by_id.values()), dtype=np.float64)
        areas = np.array([self._areas[key] for key in by_id], dtype=np.float64)
        summary = summarise_arrays(ious, areas)
        metrics = {'miou' if name == 'all' else f'miou_{name}': entry['miou']
                   for name, entry in summary.items()}
        metrics['n'] = summary['all']['n']
        return metrics
