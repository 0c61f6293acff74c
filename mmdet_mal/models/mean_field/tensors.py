"""The mean field in tensor operations: runs wherever torch runs."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .options import MeanFieldOptions
from .pairwise import FORWARD_OFFSETS

# Rounds between two looks at whether all crops have converged, where the host
# waits for the device at each.
_LOOK_EVERY = 8


def mean_field_of_tensors(prob: Tensor,
                          kernels: list[Tensor],
                          inside: Tensor | None,
                          options: MeanFieldOptions,
                          dilation: int = 1) -> Tensor:
    """Mean field of each crop by itself, on any device.

    On a CPU one crop after the other: its tensors stay in the cache and are too
    small to be shared out among threads, so neither other crops nor the number of
    threads touch its bits.  Elsewhere all crops at once; one that has converged
    is kept as it is while the others go on.

    Args:
        prob (Tensor): fp32 unary probabilities (N, H, W) in [0, 1].
        kernels (list[Tensor]): From :func:`pairwise_kernel`.
        inside (Tensor, optional): bool (N, H, W), where the object may be.
        options (MeanFieldOptions): The constants.
        dilation (int): The dilation that the kernels were made with.

    Returns:
        Tensor: fp32 (N, H, W).
    """
    if prob.device.type != 'cpu':
        return _solve(prob, kernels, inside, options, dilation)
    crops = [
        _solve(prob[n], [kernel[n] for kernel in kernels],
               None if inside is None else inside[n], options, dilation)
        for n in (slice(n, n + 1) for n in range(len(prob)))]
    return torch.cat(crops) if crops else prob.clone()


def _solve(prob: Tensor, kernels: list[Tensor], inside: Tensor | None,
           options: MeanFieldOptions, dilation: int) -> Tensor:
    """As :func:`mean_field_of_tensors`, the whole batch at once."""
    low, high = options.clamp, 1 - options.clamp
    start = prob.clamp(low, high)
    # sum k (2 q - 1) is sum (2 k) q - sum k, and the latter never changes.
    base = torch.logit(start).sub_(options.centre)
    padded = F.pad(start if inside is None else start * inside, (dilation, ) * 4)
    marginal = _shifted(padded, (0, 0), dilation)
    heard = []
    for offset, weight in _both_directions(kernels, prob, dilation):
        base -= weight
        heard.append((weight.mul_(2), _shifted(padded, offset, dilation)))
    if options.centre:
        heard.append((torch.full_like(base, 2 * options.centre), marginal))
    field = torch.empty_like(base)
    waits = prob.device.type != 'cpu'
    moving = torch.ones_like(prob[:, :1, :1], dtype=torch.bool)
    for i in range(options.max_iters if prob.numel() else 0):
        torch.addcmul(base, *heard[0], out=field)
        for weight, neighbour in heard[1:]:
            field.addcmul_(weight, neighbour)
        field.sigmoid_().clamp_(low, high)
        if inside is not None:
            field *= inside
        change = (field - marginal).abs_().amax(dim=(1, 2), keepdim=True)
        # A NaN has not converged; "change > tolerance" would not hold for it.
        converged = change <= options.tolerance
        if not waits:
            marginal.copy_(field)
            if converged:
                break
            continue
        marginal.copy_(torch.where(moving, field, marginal))
        moving &= ~converged
        if (i + 1) % _LOOK_EVERY == 0 and not moving.any():
            break
    return marginal.contiguous()


def _shifted(padded: Tensor, offset: tuple[int, int], dilation: int) -> Tensor:
    """View of each pixel's neighbour at ``offset``; the border is ``dilation``."""
    height, width = (side - 2 * dilation for side in padded.shape[-2:])
    top, left = ((1 + step) * dilation for step in offset)
    return padded[:, top:top + height, left:left + width]


def _both_directions(kernels: list[Tensor], like: Tensor, dilation: int
                     ) -> list[tuple[tuple[int, int], Tensor]]:
    """The 8 neighbours and the kernel of each pixel with them.

    Args:
        kernels (list[Tensor]): From :func:`pairwise_kernel`.
        like (Tensor): (N, H, W).
        dilation (int): Distance to the neighbours in pixels.

    Returns:
        list: Offsets (dy, dx) in steps of ``dilation``, with tensors (N, H, W),
        0 where there is no such neighbour.
    """
    found = []
    for (dy, dx), kernel in zip(FORWARD_OFFSETS, kernels, strict=True):
        rows, cols = kernel.shape[-2:]
        # Where the pairs start, and where they end.
        top, left = 0, max(-dx, 0) * dilation
        for sign in (1, -1):
            weight = torch.zeros_like(like)
            weight[:, top:top + rows, left:left + cols] = kernel
            found.append(((sign * dy, sign * dx), weight))
            top, left = top + dy * dilation, left + dx * dilation
    return found
