"""What the data loader's workers feed: with crops made by them, and not."""

import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.runner import Runner

from benchmarks.gpu_parts.setup import CONFIG, CPU_CONFIG, Bench, load
from benchmarks.inputs import drawn_images

_BATCH = 16
_IMAGES = 16
_BOXES = 24
_SIDE_PX = (480, 640)


def measure(bench: Bench, folder: Path) -> list[dict[str, Any]]:
    """Samples a second of both pipelines, all workers and one core's share.

    Args:
        bench (Bench): What all parts share.
        folder (Path): Where the drawn photographs go.

    Returns:
        list[dict]: One row for each pipeline.
    """
    ann_file = large_boxes(folder)
    workers = worker_count(bench)
    batches = 2 if bench.tiny else 20 * workers
    rows = []
    for name, path in (('crops by workers', CPU_CONFIG),
                       ('windows for the device', CONFIG)):
        print(f'loader: {name}, {workers} workers', flush=True)
        config = load(bench, path).train_dataloader
        config.update(batch_size=4 if bench.tiny else _BATCH,
                      num_workers=workers, persistent_workers=False)
        config.pin_memory = bench.device.type == 'cuda'
        config.dataset.update(
            data_root='', ann_file=str(ann_file), known_faults=(),
            data_prefix=dict(img=str(ann_file.parent)), min_area=0)
        loader = Runner.build_dataloader(config, seed=0)
        rows.append(dict(pipeline=name, workers=workers,
                         samples_per_second=_rate(loader, batches)))
    return rows


def _rate(loader: Any, batches: int) -> float:
    """Samples a second once all workers are at work."""
    began, done = None, 0
    # Begins anew at the end of an epoch, as a training does.
    while True:
        for batch in loader:
            if began is None:  # the first waits for the workers to start
                began = time.perf_counter()
                continue
            samples = batch['data_samples']
            if isinstance(samples, dict):
                samples = samples['student']
            done += len(samples)
            batches -= 1
            if not batches:
                return done / (time.perf_counter() - began)


def worker_count(bench: Bench) -> int:
    """Worker processes: a core each, at most 16."""
    return 1 if bench.tiny else min(16, len(os.sched_getaffinity(0)))


def large_boxes(folder: Path, boxes: int = _BOXES) -> Path:
    """Draw photographs of COCO's size, with boxes of a fifth to a half.

    Args:
        folder (Path): Where they go.
        boxes (int): On each of them.

    Returns:
        Path: The COCO file beside them.
    """
    source = drawn_images(folder, _IMAGES, 1, _SIDE_PX).ann_file
    data = json.loads(source.read_text())
    rng = np.random.default_rng(0)
    height, width = _SIDE_PX
    data['annotations'] = []
    for image in data['images']:
        for _ in range(boxes):
            w, h = rng.uniform(.2, .5, 2) * (width, height)
            x, y = rng.uniform(0, width - w), rng.uniform(0, height - h)
            data['annotations'].append(dict(
                id=len(data['annotations']) + 1, image_id=image['id'],
                category_id=1, iscrowd=0, area=w * h, bbox=[x, y, w, h]))
    path = source.with_name(f'large_boxes_{boxes}.json')
    path.write_text(json.dumps(data))
    return path
