"""The clustering score as an MMEngine metric."""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger

from mmdet_mal.evaluation.clustering import (clustering_score,
                                             one_centre_score, token_grid)
from mmdet_mal.evaluation.mask_iou import human_rles
from mmdet_mal.registry import METRICS
from mmdet_mal.structures.crop import crop_and_resize
from mmdet_mal.structures.rle import rle_to_mask


@METRICS.register_module()
class ClusteringScoreMetric(BaseMetric):
    """Clustering score of each of an encoder's maps (paper eq. 6).

    Reads ``tokens`` (one map (C, h, w) for each block), ``ann_id``,
    ``crop_window``, ``valid_bbox`` and ``img_shape`` of every data sample, as
    ``mmdet_mal.EncoderTokens`` gives them.  Tokens that show padding by half
    or more take no part.  Boxes whose mask covers no token, or all, are left
    out and counted.

    Args:
        ann_file (str): COCO JSON with human masks of the boxes.
        names (Sequence[str], optional): Of the maps; by default '0', '1', …
        collect_device (str): 'cpu' or 'gpu'.  Defaults to 'cpu'.
        prefix (str, optional): Prefix of the names.  Defaults to 'cluster'.
        collect_dir (str, optional): Shared folder for results of other ranks.

    Raises:
        AnnotationError: ``ann_file`` is unreadable or has a box without mask.
    """

    default_prefix = 'cluster'

    def __init__(self,
                 ann_file: str,
                 names: Sequence[str] | None = None,
                 collect_device: str = 'cpu',
                 prefix: str | None = None,
                 collect_dir: str | None = None) -> None:
        super().__init__(collect_device, prefix, collect_dir)
        self.ann_file = ann_file
        self.names = None if names is None else list(names)
        self._targets = human_rles(ann_file)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Score one batch; a sample without human mask (crowd) is passed over.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): As above.
        """
        for sample in data_samples:
            target = self._targets.get(sample['ann_id'])
            if target is None:
                continue
            size = tuple(sample['img_shape'][:2])
            mask, _ = crop_and_resize(
                rle_to_mask(target).astype(np.uint8), sample['crop_window'],
                size, padding='zero')
            pairs = [self._score(tokens, mask, sample['valid_bbox'])
                     for tokens in sample['tokens']]
            self.results.append((int(sample['ann_id']), pairs))

    def evaluate(self, size: int) -> dict[str, float]:
        """Gather all ranks' results; ``size`` is not used.

        As in :class:`~mmdet_mal.evaluation.MaskIoUMetric`: an item of the
        label data set is a chunk of many boxes, so ``size`` is no bound.
        """
        return super().evaluate(sys.maxsize)

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Mean over the boxes, one pair a map.

        Args:
            results (list): As :meth:`process` appends them.

        Returns:
            dict: For each map ``score_<name>`` and ``one_centre_<name>``;
            ``n`` boxes scored, ``n_left_out`` whose mask covers no token or
            all of them.
        """
        by_id = dict(results)
        table = np.array(list(by_id.values()), dtype=np.float64)
        if not len(table):
            MMLogger.get_current_instance().warning(
                f'no box with a human mask in {self.ann_file} was seen')
            return dict(n=0, n_left_out=0)
        kept = np.isfinite(table).all(axis=(1, 2))        # table: (n, maps, 2)
        means = (table[kept].mean(axis=0) if kept.any()
                 else np.full(table.shape[1:], np.nan))
        names = self.names or list(map(str, range(table.shape[1])))
        metrics: dict[str, float] = {}
        for name, (score, one) in zip(names, means.tolist(), strict=True):
            metrics[f'score_{name}'] = score
            metrics[f'one_centre_{name}'] = one
        metrics.update(n=int(kept.sum()), n_left_out=int((~kept).sum()))
        return metrics

    @staticmethod
    def _score(tokens: torch.Tensor, mask: np.ndarray,
               valid_bbox: Any) -> tuple[float, float]:
        """Score one map (C, h, w) of one crop, with two centres and with one."""
        grid = tuple(tokens.shape[-2:])
        inside, valid = (
            torch.from_numpy(token_grid(area, grid))[None]
            for area in (mask > 0, _rectangle(valid_bbox, mask.shape)))
        tokens = tokens[None].cpu()
        return (clustering_score(tokens, inside, valid).item(),
                one_centre_score(tokens, inside, valid).item())


def _rectangle(bbox: Any, size: tuple[int, int]) -> np.ndarray:
    """The pixels of a crop whose centres lie in a box xyxy, bool (H, W)."""
    x0, y0, x1, y1 = (float(value) for value in bbox)
    ys, xs = (np.arange(side) + .5 for side in size)
    return np.outer((ys >= y0) & (ys < y1), (xs >= x0) & (xs < x1))
