"""Training steps of the real runner: loader, hooks, guard and log included."""

import time
from pathlib import Path
from typing import Any

from mmengine.runner import Runner

from benchmarks.gpu_parts.loader import large_boxes, worker_count
from benchmarks.gpu_parts.setup import Bench, load
from benchmarks.training_step import SteppedTrainLoop  # noqa: F401 registers it

_WARMUP = 5
_STEPS = 40
_TINY_STEPS = 2
# So many that the steps end before the epoch does.
_BOXES_AN_IMAGE = 256
GUARDS = ('at_once', 'deferred')


def measure(bench: Bench, folder: Path, batch: int) -> list[dict[str, Any]]:
    """Seconds of a step from the file to the new weights.

    Args:
        bench (Bench): What all parts share.
        folder (Path): For drawn photographs and work directories.
        batch (int): Crops of a step.

    Returns:
        list[dict]: One row for each guard: waiting for the device in each step
        and reading the log at once, and a step late.
    """
    return [_time(bench, folder, batch, guard) for guard in GUARDS]


def _time(bench: Bench, folder: Path, batch: int, guard: str) -> dict[str, Any]:
    print(f'whole run: guard {guard}', flush=True)
    config = load(bench)
    ann_file = large_boxes(folder, _BOXES_AN_IMAGE)
    workers = worker_count(bench)
    config.work_dir = str(folder / f'whole_{guard}')
    config.experiment_name = f'whole_{guard}'
    config.train_cfg.type = 'mmdet_mal.SteppedTrainLoop'
    config.optim_wrapper.guard = guard
    if guard == 'at_once':
        config.default_hooks.pop('defer_log')
    config.train_dataloader.update(
        batch_size=batch, num_workers=workers, persistent_workers=False)
    config.train_dataloader.pin_memory = bench.device.type == 'cuda'
    config.train_dataloader.dataset.update(
        data_root='', ann_file=str(ann_file), known_faults=(),
        data_prefix=dict(img=str(ann_file.parent)), min_area=0)
    for name in ('test_dataloader', 'test_cfg', 'test_evaluator'):
        config.pop(name, None)
    runner = Runner.from_cfg(config)
    runner.train()  # prepares, makes no step
    loop = runner.train_loop
    for _ in range(1 if bench.tiny else _WARMUP):
        loop.step()
    bench.synchronize()
    steps = _TINY_STEPS if bench.tiny else _STEPS
    began = time.perf_counter()
    for _ in range(steps):
        loop.step()
    bench.synchronize()
    seconds = (time.perf_counter() - began) / steps
    return dict(guard=guard, batch=batch, workers=workers, steps=steps,
                seconds_per_step=seconds, crops_per_second=batch / seconds)
