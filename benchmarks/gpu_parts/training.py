"""Training steps of ViT-B/16: rate, memory, share of the peak."""

import time
from typing import Any

import torch

from benchmarks.flops import counted, parts_of_step
from benchmarks.gpu_parts.setup import (Bench, build_model, draw_batches, load,
                                        training)
from benchmarks.machine import MIB
from benchmarks.peaks import bf16_peak
from mmdet_mal.engine.hooks.activation_checkpoint import checkpoint_modules

# Not timed: what is allocated, tried out and compiled first.
_WARMUP = 3
# A variant is not begun with less time left: to build a model takes seconds, to
# compile one a minute.
_SECONDS_TO_BEGIN = dict(plain=20, checkpoint=20, channels_last=20, compile=120,
                         graphs=150)
VARIANTS = tuple(_SECONDS_TO_BEGIN)


def measure(bench: Bench, batch_sizes: list[int]) -> list[dict[str, Any]]:
    """Steps at rising batch sizes.

    Args:
        bench (Bench): What all parts share.
        batch_sizes (list[int]): Rising; the first that does not fit, or for
            which no time is left, is the last.

    Returns:
        list[dict]: One row for each size, with a ``note`` where nothing was
        measured.
    """
    rows = []
    for size in batch_sizes:
        try:
            rows.append(measure_one(bench, 'plain', size))
        except RuntimeError as error:  # cuDNN and cuBLAS have words of their own
            if not rows:
                raise
            note = f"failed: {' '.join(str(error).split())[:100]}"
            rows.append(dict(variant='plain', batch=size, note=note))
        if 'note' in rows[-1]:
            break
    return rows


def count_operations(bench: Bench) -> dict[str, Any]:
    """Operations of a step for one crop: formula, and torch's counter."""
    config = load(bench)
    model = build_model(bench, config)
    step = training(bench, config, model, draw_batches(bench, config, 1, 1))
    step()
    return dict(by_formula=parts_of_step(bench.shapes),
                by_counter=counted(step))


def measure_one(bench: Bench, variant: str, size: int) -> dict[str, Any]:
    """One measurement, or a ``note`` why there is none.

    Args:
        bench (Bench): What all parts share.
        variant (str): One of ``VARIANTS``.
        size (int): Crops of a batch.

    Returns:
        dict: A row of the table.
    """
    row: dict[str, Any] = dict(variant=variant, batch=size)
    needed = 0 if bench.tiny else _SECONDS_TO_BEGIN[variant]
    if bench.seconds_left < needed:
        return dict(row, note=f'left out: {bench.seconds_left:.0f} s are left')
    print(f'training: {variant}, batch {size}', flush=True)
    try:
        return dict(row, **_time(bench, variant, size))
    except torch.OutOfMemoryError:
        return dict(row, note='does not fit into the memory')
    finally:
        if bench.device.type == 'cuda':
            torch.cuda.empty_cache()


def _time(bench: Bench, variant: str, size: int) -> dict[str, Any]:
    """Seconds a step, memory and rates."""
    cuda = bench.device.type == 'cuda'
    config = load(bench)
    model = build_model(bench, config)
    if variant == 'checkpoint':
        checkpoint_modules(model, ['student.encoder.layers'])
    elif variant == 'channels_last':
        model.to(memory_format=torch.channels_last)
    elif variant in ('compile', 'graphs'):
        mode = 'default' if variant == 'compile' else 'reduce-overhead'
        for network in (model.student, model.teacher):
            network.encoder.compile(mode=mode, dynamic=False)
    step = training(bench, config, model, draw_batches(bench, config, size))

    def one() -> dict:
        if variant == 'graphs':
            torch.compiler.cudagraph_mark_step_begin()
        return step()

    if cuda:
        torch.cuda.reset_peak_memory_stats()
    for _ in range(_WARMUP):
        losses = one()
    bench.synchronize()
    began, count = time.perf_counter(), 0
    # A slow device makes fewer steps; half of what is left is for the rest.
    last = time.monotonic() + bench.seconds_left / 2
    while count < bench.steps and (count == 0 or time.monotonic() < last):
        losses = one()
        count += 1
    bench.synchronize()
    seconds = (time.perf_counter() - began) / count
    operations = size * parts_of_step(bench.shapes)['step']
    peak = bf16_peak(torch.cuda.get_device_name()) if cuda else None
    return dict(
        steps=count, seconds_per_step=seconds, steps_per_second=1 / seconds,
        crops_per_second=size / seconds,
        teraflops=operations / seconds / 1e12,
        share_of_peak=operations / seconds / peak if peak else None,
        peak_mib=torch.cuda.max_memory_allocated() / MIB if cuda else None,
        loss=losses['loss'].item())
