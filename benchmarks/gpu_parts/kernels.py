"""Where the time of a training step and of a labelled batch goes."""

import time
from collections.abc import Callable
from typing import Any

from torch.profiler import ProfilerActivity, profile

from benchmarks.gpu_parts.labelling import labelling
from benchmarks.gpu_parts.setup import (Bench, build_model, draw_batches, load,
                                        training)

_STEPS = 3
_TOP = 12
_NAME_LENGTH = 70


def measure(bench: Bench, batch: int) -> list[dict[str, Any]]:
    """The kernels that take longest.

    Args:
        bench (Bench): What all parts share.
        batch (int): Crops of a training step.

    Returns:
        list[dict]: Rows with ``of``, ``kernel``, ``calls``, ``ms`` of a step or
        batch, ``share`` of all kernels' time; the first row of each, ``all``,
        has the sum, and as its share that of the wall-clock of a pass without
        the profiler: what is missing to 1, the device waited.
    """
    config = load(bench)
    model = build_model(bench, config)
    step = training(bench, config, model, draw_batches(bench, config, batch))
    rows = _profile(bench, 'training step', step)
    infer, _ = labelling(bench)
    return rows + _profile(bench, 'labelled batch', infer)


def _profile(bench: Bench, what: str,
             call: Callable[[], object]) -> list[dict[str, Any]]:
    for _ in range(2):
        call()
    bench.synchronize()
    began = time.perf_counter()
    for _ in range(_STEPS):
        call()
    bench.synchronize()
    clock_ms = 1e3 * (time.perf_counter() - began) / _STEPS
    cuda = bench.device.type == 'cuda'
    kind = ProfilerActivity.CUDA if cuda else ProfilerActivity.CPU
    with profile(activities=[kind]) as profiler:
        for _ in range(_STEPS):
            call()
        bench.synchronize()
    field = 'self_device_time_total' if cuda else 'self_cpu_time_total'
    found = sorted(((getattr(event, field) / 1e3 / _STEPS, event)
                    for event in profiler.key_averages()),
                   key=lambda pair: -pair[0])
    total = sum(ms for ms, _ in found)
    rows = [dict(of=what, kernel='all', calls=sum(e.count for _, e in found),
                 ms=total, share=total / clock_ms)]
    return rows + [dict(of=what, kernel=event.key[:_NAME_LENGTH],
                        calls=event.count // _STEPS, ms=ms,
                        share=ms / total if total else 0.)
                   for ms, event in found[:_TOP]]
