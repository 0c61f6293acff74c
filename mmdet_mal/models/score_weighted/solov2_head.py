"""SOLOv2: the mask loss weighted by score."""

import torch
from mmdet.models.dense_heads import SOLOV2Head
from mmengine.structures import InstanceData
from torch import Tensor

from mmdet_mal.registry import MODELS

from .scores import InstanceWeightedLoss, scores_of


@MODELS.register_module()
class ScoreWeightedSOLOV2Head(SOLOV2Head):
    """``mmdet.SOLOV2Head`` that trusts a mask as far as its score says.

    The dice loss of each positive cell is multiplied by the score of its label
    and divided by the number of cells, as in stock.  Classes stay stock.

    Args:
        *args: Of the stock head.
        **kwargs: Likewise.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        # By image, by level: the scores of the positive cells.
        self._cells: list[list[Tensor]] = []
        self._levels: list[Tensor] = []
        self.loss_mask = InstanceWeightedLoss(self.loss_mask, self._next_level)

    def loss_by_feat(self, *args, **kwargs) -> dict:
        """Losses as in stock."""
        self._cells, self._levels = [], []
        return super().loss_by_feat(*args, **kwargs)

    def _next_level(self) -> Tensor:
        """Scores of the cells whose loss is asked for next.

        Stock asks level by level, and not for levels without a cell.
        """
        if not self._levels:
            self._levels = [level for level in map(
                torch.cat, zip(*self._cells, strict=True)) if len(level)]
        return self._levels.pop(0)

    def _get_targets_single(self, gt_instances: InstanceData,
                            featmap_sizes: tuple | None = None) -> tuple:
        """Targets of an image as in stock; remembers the cells' scores.

        Stock does not say which label a cell belongs to, so it is asked label
        by label; later labels overwrite a cell's class, as they do there.
        """
        scores = scores_of(gt_instances)
        stock = super()._get_targets_single
        parts = [stock(gt_instances[i:i + 1], featmap_sizes=featmap_sizes)
                 for i in range(len(scores))]
        if not parts:
            self._cells.append([scores.new_zeros(0)] * len(self.num_grids))
            return stock(gt_instances, featmap_sizes=featmap_sizes)
        merged: tuple[list, ...] = ([], [], [], [])
        cells = []
        for level in range(len(self.num_grids)):
            targets, labels, positive, indices = zip(
                *([column[level] for column in part] for part in parts),
                strict=True)
            label = labels[0]
            for other in labels[1:]:
                label = torch.where(other != self.num_classes, other, label)
            merged[0].append(torch.cat(targets))
            merged[1].append(label)
            merged[2].append(torch.stack(positive).any(dim=0))
            merged[3].append([i for part in indices for i in part])
            counts = torch.tensor([len(part) for part in indices],
                                  device=scores.device)
            cells.append(torch.repeat_interleave(scores, counts))
        self._cells.append(cells)
        return merged
