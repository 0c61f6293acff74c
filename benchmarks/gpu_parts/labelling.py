"""Labelling crops: network alone, and with the masks written as RLE."""

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from benchmarks.flops import forward
from benchmarks.gpu_parts.setup import (Bench, build_model, draw_samples, load)
from benchmarks.machine import MIB
from benchmarks.peaks import bf16_peak

_BATCH = 16
_ENCODED = 4  # batches of which masks are encoded with nothing beside it


def measure(bench: Bench) -> dict[str, Any]:
    """Rates of labelling ``bench.crops`` crops in batches of 16.

    Crops lie ready in the host's memory.  Weights are random, so that masks
    are ragged and take longer to encode than those of a trained network.

    Returns:
        dict: Rates and memory.  A label run encodes masks in a thread of its
        own while the network works, so that the lower of
        ``network_crops_per_second`` and ``masks_per_second`` bounds it.
    """
    cuda = bench.device.type == 'cuda'
    infer, model = labelling(bench)
    size = min(_BATCH, bench.crops)
    model.encode_maps(*infer())
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    bench.synchronize()
    count = -(-bench.crops // size)
    began = time.perf_counter()
    for _ in range(count):
        infer()
    bench.synchronize()
    network = (time.perf_counter() - began) / (count * size)
    done = [infer() for _ in range(min(count, _ENCODED))]
    bench.synchronize()
    began = time.perf_counter()
    for maps in done:
        model.encode_maps(*maps)
    masks = len(done) * size / (time.perf_counter() - began)
    began = time.perf_counter()
    for _ in range(count):
        model.encode_maps(*infer())
    whole = (time.perf_counter() - began) / (count * size)
    peak = bf16_peak(torch.cuda.get_device_name()) if cuda else None
    rate = forward(bench.shapes) / network
    return dict(
        crops=count * size, batch=size, network_crops_per_second=1 / network,
        masks_per_second=masks, crops_per_second=1 / whole,
        teraflops=rate / 1e12,
        share_of_peak=rate / peak if peak else None,
        peak_mib=torch.cuda.max_memory_allocated() / MIB if cuda else None)


def labelling(bench: Bench) -> tuple[Callable[[], tuple], nn.Module]:
    """What infers a batch of drawn crops, and the model.

    Args:
        bench (Bench): What all parts share.

    Returns:
        tuple: A function that gives maps and samples, as ``encode_maps`` takes
        them; the model.
    """
    config = load(bench)
    model = build_model(bench, config).eval()
    samples = draw_samples(config.test_dataloader.dataset.pipeline,
                           min(_BATCH, bench.crops))
    batch = dict(inputs=[s['inputs'] for s in samples],
                 data_samples=[s['data_samples'] for s in samples])

    def infer() -> tuple:
        with torch.no_grad(), bench.autocast():
            data = model.data_preprocessor(dict(batch), False)
            maps = model.infer_maps(data['inputs'], data['data_samples'])
        return maps, data['data_samples']

    return infer, model
