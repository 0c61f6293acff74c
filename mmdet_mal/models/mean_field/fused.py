"""The mean field in one Triton kernel: one launch, one program a crop.

A program keeps iterating its crop until that has converged, so the host launches
once, waits for nothing, and converged crops cost nothing.  (One launch a round
would cost more than the round: at these sizes a launch takes longer.)
"""

import contextlib
import functools

import torch
import triton
import triton.language as tl
from torch import Tensor

from .options import MeanFieldOptions
from .pairwise import FORWARD_OFFSETS, pairwise_kernel
from .tensors import mean_field_of_tensors

# Pixels that a program computes at once, and the warps that do it.
_BLOCK = 1024
_WARPS = 16
# Largest difference from the tensor path that the check at the first use allows.
_ALLOWED = 1e-4


# One compilation for all sizes.
@triton.jit(do_not_specialize=['plane', 'width', 'crops', 'max_iters'])
def _iterate(base, weights, inside, buffers, plane, width, crops, max_iters,
             tolerance, low, high, own_weight, BLOCK: tl.constexpr):
    """All rounds of one crop.

    base: (N, H, W) logit m - sum k.  weights: (N, 4, H, W), 2 k of a pixel and its
    forward neighbour, 0 where there is none.  inside: (N, H, W) of 0 and 1.
    buffers: (2, N, H, W), q; the first holds the start and the result.
    """
    crop = tl.program_id(0)
    base += crop * plane
    inside += crop * plane
    weights += crop * plane * 4
    buffers += crop * plane
    height = plane // width
    i = 0
    moved = 1
    while (i < max_iters) & (moved > 0):
        now = buffers + (i % 2) * crops * plane
        following = buffers + ((i + 1) % 2) * crops * plane
        moves = tl.zeros([BLOCK], tl.int32)
        for first in range(0, plane, BLOCK):
            at = first + tl.arange(0, BLOCK)
            here = at < plane
            y = at // width
            x = at % width
            left = here & (x > 0)
            right = here & (x < width - 1)
            down = here & (y < height - 1)
            up = here & (y > 0)
            q = tl.load(now + at, mask=here, other=0.0)
            z = tl.load(base + at, mask=here, other=0.0) + own_weight * q
            # Pairs (0, 1), (1, -1), (1, 0), (1, 1), each from both of its ends.
            w = weights + at
            z += (tl.load(w, mask=right, other=0.0) *
                  tl.load(now + at + 1, mask=right, other=0.0))
            z += (tl.load(w - 1, mask=left, other=0.0) *
                  tl.load(now + at - 1, mask=left, other=0.0))
            w += plane
            z += (tl.load(w, mask=down & left, other=0.0) *
                  tl.load(now + at + width - 1, mask=down & left, other=0.0))
            z += (tl.load(w - width + 1, mask=up & right, other=0.0) *
                  tl.load(now + at - width + 1, mask=up & right, other=0.0))
            w += plane
            z += (tl.load(w, mask=down, other=0.0) *
                  tl.load(now + at + width, mask=down, other=0.0))
            z += (tl.load(w - width, mask=up, other=0.0) *
                  tl.load(now + at - width, mask=up, other=0.0))
            w += plane
            z += (tl.load(w, mask=down & right, other=0.0) *
                  tl.load(now + at + width + 1, mask=down & right, other=0.0))
            z += (tl.load(w - width - 1, mask=up & left, other=0.0) *
                  tl.load(now + at - width - 1, mask=up & left, other=0.0))
            updated = 1.0 / (1.0 + tl.exp(-z))
            # Comparisons, since tl.maximum drops a NaN.
            updated = tl.where(updated < low, low, updated)
            updated = tl.where(updated > high, high, updated)
            updated *= tl.load(inside + at, mask=here, other=0.0)
            tl.store(following + at, updated, mask=here)
            # A NaN has moved: no comparison holds for it.
            stays = tl.abs(updated - q) <= tolerance
            moves |= (here & (stays == 0)).to(tl.int32)
        moved = tl.max(moves, axis=0)
        # The threads of a crop wait for each other, and see what they stored.
        tl.debug_barrier()
        i += 1
    if i % 2 == 1:
        for first in range(0, plane, BLOCK):
            at = first + tl.arange(0, BLOCK)
            here = at < plane
            q = tl.load(buffers + crops * plane + at, mask=here, other=0.0)
            tl.store(buffers + at, q, mask=here)


def fused_mean_field(prob: Tensor, kernels: list[Tensor],
                     inside: Tensor | None,
                     options: MeanFieldOptions) -> Tensor:
    """Mean field of each crop by itself.

    Args:
        prob (Tensor): fp32 unary probabilities (N, H, W) in [0, 1] on a CUDA
            device.
        kernels (list[Tensor]): From :func:`pairwise_kernel` with dilation 1.
        inside (Tensor, optional): bool (N, H, W), where the object may be.
        options (MeanFieldOptions): The constants.

    Returns:
        Tensor: fp32 (N, H, W).
    """
    n, height, width = prob.shape
    low, high = options.clamp, 1 - options.clamp
    start = prob.clamp(low, high)
    weights = start.new_zeros((n, len(FORWARD_OFFSETS), height, width))
    base = torch.logit(start) - options.centre
    for p, ((dy, dx), kernel) in enumerate(
            zip(FORWARD_OFFSETS, kernels, strict=True)):
        rows, cols = kernel.shape[-2:]
        left = max(-dx, 0)
        weights[:, p, :rows, left:left + cols] = 2 * kernel
        base[:, :rows, left:left + cols] -= kernel
        base[:, dy:dy + rows, left + dx:left + dx + cols] -= kernel
    box = torch.ones_like(start) if inside is None else (
        inside.expand_as(start).to(start.dtype, copy=True))
    buffers = start.new_empty((2, n, height, width))
    torch.mul(start, box, out=buffers[0])
    if prob.numel():
        # Triton launches on the current device, whatever its tensors are on.
        with (torch.cuda.device(prob.device) if prob.is_cuda else
              contextlib.nullcontext()):
            _iterate[(n, )](
                base, weights, box, buffers, height * width, width, n,
                options.max_iters, options.tolerance, low, high,
                2.0 * options.centre, BLOCK=_BLOCK, num_warps=_WARPS)
    return buffers[0]


@functools.cache
def why_not_triton(device: str) -> str | None:
    """Compare with the tensor path on a drawn crop, once a process.

    Drivers, compilers and Triton's releases vary more than this can foresee.

    Args:
        device (str): Type of the device.

    Returns:
        str | None: What is wrong, or None.
    """
    generator = torch.Generator().manual_seed(0)
    prob = torch.rand(2, 33, 47, generator=generator).to(device)
    image = torch.rand(2, 3, 33, 47, generator=generator).to(device)
    inside = torch.ones_like(prob, dtype=torch.bool)
    inside[1, :5] = False
    kernels = pairwise_kernel(image, 0.3, 2.0)
    options = MeanFieldOptions(max_iters=20, clamp=0.1, centre=0.5)
    try:
        found = fused_mean_field(prob, kernels, inside, options)
    except Exception as error:  # whatever a compiler or a driver may raise
        text = str(error).strip().splitlines() or ['']
        return f'it fails here ({type(error).__name__}: {text[0]})'
    wanted = mean_field_of_tensors(prob, kernels, inside, options)
    difference = (found - wanted).abs().max().item()
    if not difference <= _ALLOWED:
        return f'its result is off by {difference:.1e} here'
    return None
