"""Masks without training: grouped tokens of a frozen encoder (ours)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .grouping import group_crops
from .labelling import Rules, fit_to_edges
from .network import LOSS_STRIDE, resized


class InstantMaps:
    """Probability maps from grouped tokens and the mean field.

    Args:
        encoder (nn.Module): Gives maps (N, C, h, w).
        ridge, rounds: Of :func:`~.grouping.group`.
        sharpness (float): Log odds of a score of 1.
        rules (Rules): Whose mean field is run.
    """

    def __init__(self, encoder: nn.Module, ridge: float, rounds: int,
                 sharpness: float, rules: Rules) -> None:
        self.encoder = encoder
        self.ridge, self.rounds, self.sharpness = ridge, rounds, sharpness
        self.rules = rules

    def __call__(self, batch: dict[str, Tensor]) -> Tensor:
        """Maps (N, H / 4, W / 4) of a batch of crops."""
        crops = batch['crop']
        maps = self.encoder(crops)
        size = max(tuple(m.shape[-2:]) for m in maps)
        tokens = torch.cat([F.normalize(resized(m, size), dim=1)
                            for m in maps], dim=1)
        fine = tuple(side // LOSS_STRIDE for side in crops.shape[-2:])
        scores = group_crops(tokens, batch, self.ridge, self.rounds, fine)
        return fit_to_edges((self.sharpness * scores).sigmoid(), batch,
                            **self.rules.mean_field)
