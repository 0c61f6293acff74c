"""The scores of labels, and losses that take one weight an instance."""

from collections.abc import Callable
from typing import Any

import torch
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmdet_mal.utils.errors import UserError


def scores_of(instances: InstanceData) -> Tensor:
    """Scores of the masks of an image, (n,) in [0, 1].

    Raises:
        UserError: If they have none.
    """
    if 'scores' not in instances:
        raise UserError(
            'a score-weighted head got labels without scores; train from '
            'mmdet_mal.ScoredCocoDataset or ScoredLVISV1Dataset '
            '(configs/phase2/_base_/score_weighted.py)')
    return instances.scores


class InstanceWeightedLoss(nn.Module):
    """A stock mask loss whose instances are weighted from outside.

    With weights of 1 the result has the bits of the stock loss: the sum is
    divided by what it was divided by.

    Args:
        loss (nn.Module): Takes ``weight`` of one number a row.
        weights (Callable): Gives the weights (n,) of the next call.
    """

    def __init__(self, loss: nn.Module,
                 weights: Callable[[], Tensor]) -> None:
        super().__init__()
        self.loss = loss
        # No module is meant by it, and state dicts stay those of stock.
        self._weights = weights

    def forward(self, pred: Tensor, target: Tensor, **kwargs: Any) -> Tensor:
        """The stock loss with weights.

        Args:
            pred (Tensor): (n, *), or flattened, (n * points,).
            target (Tensor): Of the same shape.
            **kwargs: Of the stock loss.

        Returns:
            Tensor: As the stock loss returns it.
        """
        weights = self._weights().to(pred.dtype)
        if len(weights) and len(pred) != len(weights):
            weights = torch.repeat_interleave(weights, len(pred) // len(weights))
        return self.loss(pred, target, weight=weights, **kwargs)
