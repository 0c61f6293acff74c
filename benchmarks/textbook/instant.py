"""Masks without training: grouped tokens of a frozen encoder (ours)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .geometry import Box
from .grouping import group
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
        scores = []
        for t, box, valid in zip(tokens, batch['box'], batch['valid'],
                                 strict=True):
            inside = covered(tuple(box.tolist()), size, crops.shape[-2:])
            shown = covered(tuple(valid.tolist()), size, crops.shape[-2:])
            score = group(t, inside, shown, self.ridge, self.rounds)
            scores.append(repeated_edge(score, shown))
        fine = tuple(side // LOSS_STRIDE for side in crops.shape[-2:])
        scores = F.interpolate(torch.stack(scores)[:, None], size=fine,
                               mode='bicubic', align_corners=False)[:, 0]
        return fit_to_edges((self.sharpness * scores).sigmoid(), batch,
                            **self.rules.mean_field)


def covered(box: Box, grid: tuple[int, int],
            crop_size: tuple[int, int]) -> Tensor:
    """Cells that a box covers by more than half; else all that it touches.

    Returns:
        Tensor: bool (h, w).
    """
    overlaps = []
    for low, high, cells, side in ((box[1], box[3], grid[0], crop_size[0]),
                                   (box[0], box[2], grid[1], crop_size[1])):
        cell = side / cells
        begin = torch.arange(cells) * cell
        overlaps.append(((begin + cell).clamp(max=high)
                         - begin.clamp(min=low)).clamp(min=0) / cell)
    share = overlaps[0][:, None] * overlaps[1][None, :]
    return share > .5 if (share > .5).any() else share > 0


def repeated_edge(scores: Tensor, valid: Tensor) -> Tensor:
    """Scores beyond the image take the value of the nearest within."""
    rows = torch.nonzero(valid.any(1))[:, 0]
    columns = torch.nonzero(valid.any(0))[:, 0]
    ys = torch.arange(len(scores)).clamp(rows[0], rows[-1])
    xs = torch.arange(scores.shape[1]).clamp(columns[0], columns[-1])
    return scores[ys][:, xs]
