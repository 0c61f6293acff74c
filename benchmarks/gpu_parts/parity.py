"""Whether precision and device change what is computed, and by how much."""

import contextlib
import copy
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.gpu_parts.setup import (Bench, build_model, draw_batches,
                                        draw_samples, load)

# Crops that the CPU computes as well, for the comparison.
_CROPS = 2
# Random weights score about 0 everywhere, where rounding decides.
_SHARPER = 60.


def measure(bench: Bench) -> list[dict[str, Any]]:
    """Losses, gradients and labels in fp32 and in mixed precision.

    The same crops and weights three times: fp32 on the device (convolutions
    without TF32), bf16 autocast on the device, fp32 on the CPU.  On a CPU
    autocast is forced, whatever the processor has.

    Args:
        bench (Bench): What all parts share.

    Returns:
        list[dict]: One row for each comparison with fp32 on the device:
        ``compared``, ``loss`` and ``loss_fp32``, ``loss_difference`` (relative),
        ``gradient_cosine``, ``equal_labels`` (share of the cells).
    """
    config = load(bench)
    model = build_model(bench, config).eval()  # no drop path
    with torch.no_grad():
        for network in (model.student, model.teacher):
            network.decoder.key[0].weight.mul_(_SHARPER)
    train = draw_batches(bench, config, _CROPS, 1)[0]
    samples = draw_samples(config.test_dataloader.dataset.pipeline, _CROPS)
    label = dict(inputs=[s['inputs'] for s in samples],
                 data_samples=[s['data_samples'] for s in samples])
    kind = bench.device.type
    tf32 = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        exact = _compute(model, train, label, contextlib.nullcontext())
        mixed = _compute(model, train, label, torch.autocast(kind, bench.dtype))
        found = {f'{str(bench.dtype).removeprefix("torch.")} autocast': mixed}
        if kind != 'cpu':
            found['fp32 on the CPU'] = _compute(
                model.cpu(), train, label, contextlib.nullcontext())
    finally:
        torch.backends.cudnn.allow_tf32 = tf32
    return [_row(name, other, exact) for name, other in found.items()]


def _compute(model: nn.Module, train: dict, label: dict,
             context: contextlib.AbstractContextManager
             ) -> tuple[float, Tensor, Tensor]:
    """Loss, gradient as one vector, and labels, on the CPU."""
    model.zero_grad(set_to_none=True)
    with context:
        data = model.data_preprocessor(copy.deepcopy(train), True)
        losses = model(**data, mode='loss')
        data = model.data_preprocessor(copy.deepcopy(label), False)
        maps = model.infer_maps(data['inputs'], data['data_samples'])
    total, _ = model.parse_losses(losses)
    total.backward()
    gradient = torch.cat([p.grad.flatten().float().cpu()
                          for p in model.student.parameters()
                          if p.grad is not None])
    return total.item(), gradient, (getattr(maps, 'prob', maps) > .5).cpu()


def _row(name: str, other: tuple, exact: tuple) -> dict[str, Any]:
    return dict(
        compared=f'{name} with fp32', loss=other[0], loss_fp32=exact[0],
        loss_difference=abs(other[0] - exact[0]) / max(abs(exact[0]), 1e-12),
        gradient_cosine=torch.cosine_similarity(
            other[1].double(), exact[1].double(), 0).item(),
        equal_labels=(other[2] == exact[2]).float().mean().item())
