"""Labelling crops: network alone, and with the masks written as RLE."""

import time
from typing import Any

import torch

from benchmarks.flops import forward
from benchmarks.gpu_parts.setup import (Bench, build_model, draw_samples, load)
from benchmarks.machine import MIB
from benchmarks.peaks import bf16_peak

_BATCH = 16


def measure(bench: Bench) -> dict[str, Any]:
    """Rates of labelling ``bench.crops`` crops in batches of 16.

    Crops lie ready in the host's memory.  Weights are random, so that masks
    are ragged and take longer to encode than those of a trained network.

    Returns:
        dict: Rates and memory.
    """
    cuda = bench.device.type == 'cuda'
    config = load(bench)
    model = build_model(bench, config).eval()
    size = min(_BATCH, bench.crops)
    samples = draw_samples(config.test_dataloader.dataset.pipeline, size)
    batch = dict(inputs=[s['inputs'] for s in samples],
                 data_samples=[s['data_samples'] for s in samples])

    def infer() -> tuple:
        with bench.autocast():
            data = model.data_preprocessor(dict(batch), False)
            maps = model.infer_maps(data['inputs'], data['data_samples'])
        return maps, data['data_samples']

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
    began = time.perf_counter()
    for _ in range(count):
        model.encode_maps(*infer())
    whole = (time.perf_counter() - began) / (count * size)
    peak = bf16_peak(torch.cuda.get_device_name()) if cuda else None
    rate = forward(bench.shapes) / network
    return dict(
        crops=count * size, batch=size, network_crops_per_second=1 / network,
        crops_per_second=1 / whole, teraflops=rate / 1e12,
        share_of_peak=rate / peak if peak else None,
        peak_mib=torch.cuda.max_memory_allocated() / MIB if cuda else None)
