"""Rows of a batch of maps."""

import torch
from torch import Tensor


def take_rows(x: Tensor, rows: list[int]) -> Tensor:
    """Rows of a batch, without waiting for the device.

    Args:
        x (Tensor): (N, ...); of maps (N, C, H, W) the channels come out side by
            side in memory.
        rows (list[int]): Positions, on the host.

    Returns:
        Tensor: (len(rows), ...); the argument itself for all rows in order.
    """
    if rows == list(range(len(x))):
        return x
    index = torch.tensor(rows).to(x.device, non_blocking=True)
    if x.dim() == 4:
        return x.permute(0, 2, 3, 1).index_select(0, index).permute(0, 3, 1, 2)
    return x.index_select(0, index)
