"""Weights of bags near the edges of a box that may be loose."""

import torch
from torch import Tensor


def bag_weights(targets: Tensor, margin: float, edge_weight: float = 0.) -> Tensor:
    """How much each row (or column) says, by its distance from the box's edges.

    ``w = e + (1 - e) min(1, d / margin)``: ``e`` on an edge, 1 from ``margin``
    on, inside the box and outside.  The distance d of a bag's centre is in
    sizes of the box along this axis; a box without a positive bag gets 1
    everywhere.

    Args:
        targets (Tensor): float (N, L) of 0 and 1 as of
            :func:`~.mil_loss.bag_targets`: the positive bags lie side by side.
        margin (float): Above 0, as a share of the box.
        edge_weight (float): e, in [0, 1].

    Returns:
        Tensor: float (N, L) in [e, 1].
    """
    length = targets.shape[1]
    positive = targets > 0
    number = positive.sum(dim=1, keepdim=True)
    first = positive.float().argmax(dim=1, keepdim=True)
    centres = torch.arange(length, device=targets.device) + .5
    distance = (centres - first).abs().minimum((centres - first - number).abs())
    weights = edge_weight + (1 - edge_weight) * (
        distance / (margin * number.clamp(min=1))).clamp(max=1)
    return torch.where(number > 0, weights, torch.ones_like(weights)).to(targets)
