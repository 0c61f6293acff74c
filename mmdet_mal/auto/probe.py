"""Measures this machine on a person's own boxes: a few real steps.

    python -m mmdet_mal.auto.probe CONFIG RESULT.json

The result has ``step`` and ``box`` (seconds of a training step and of labelling
a box), ``began`` (when the first was done, seconds since 1970), and
``out_of_memory``.
"""

import argparse
import json
import tempfile
import time
from typing import Any

import numpy as np

from mmdet_mal.labelling.files import write_then_rename

# Steps before the clock runs: caches, workers and kernels settle.
_WARM_UP_STEPS = 3
_STEPS = 12
_STEP_SECONDS = 20.
# Of images that are decoded before the steps.
_PIXEL_BYTES = 2**30
# Of a decoded image, so that decoding takes next to nothing of a step.
_MANY_CROPS = 8
# Chunks that are labelled, from all over the data, after one for warming up.
_CHUNKS = 4
_CHUNK_SECONDS = 15.


class _Enough(Exception):
    """Enough has been measured."""


def measure(config_file: str) -> dict[str, Any]:
    """Train and label a little with a config.

    Args:
        config_file: Of a labeller.

    Returns:
        As the module says.
    """
    import torch
    from mmengine.runner import Runner

    from mmdet_mal.auto.make_config import MOSAIC_HOOK
    from mmdet_mal.labelling.weights import load_own_weights
    from mmdet_mal.machine.process import prepare_process
    from mmdet_mal.utils.tool import load_config

    config = load_config(config_file)
    prepare_process()
    config.launcher, config.log_level = 'none', 'ERROR'
    config.resume, config.load_from = False, None
    config.default_hooks.update(checkpoint=None, logger=None)
    config.custom_hooks = [hook for hook in config.custom_hooks
                           if hook.type != MOSAIC_HOOK]
    trains = bool(config.get('train_dataloader'))
    with tempfile.TemporaryDirectory() as work_dir:
        config.work_dir = work_dir
        if trains:
            _take_few_boxes(config)
        runner = Runner.from_cfg(config)
        result: dict[str, Any] = dict(step=0., box=0., out_of_memory=False)
        try:
            if trains:
                result['step'], result['began'] = _time_steps(runner)
            else:
                load_own_weights(config, runner.model)
                result['began'] = time.time()
            result['box'] = _time_labelling(config, runner)
        except torch.OutOfMemoryError:
            result['out_of_memory'] = True
    return result


def _take_few_boxes(config: Any) -> None:
    """Keep as many boxes as the steps read, evenly from all over the data.

    Where the training cuts many crops ahead, nearly all its steps read crops
    that are there already.  Here too few steps are made for that; images that
    are decoded before the first step give the same time.
    """
    from mmdet_mal.registry import DATASETS
    loader = config.train_dataloader
    dataset = DATASETS.build(
        dict(loader.dataset, cache_images=False, check_images='none'))
    rows = np.arange(len(dataset))
    if loader.dataset.get('crops_ahead'):
        few = rows[np.isin(dataset.columns.image_index, _few_images(dataset))]
        enough = len(few) >= min(len(rows), loader.batch_size)
        kept = dataset.crops_per_image >= _MANY_CROPS and enough
        loader.dataset.update(crops_ahead=0, cache_images=kept)
        rows = few if kept else rows
    wanted = min(len(rows), loader.batch_size * _STEPS)
    loader.dataset.indices = rows[
        np.arange(wanted) * len(rows) // wanted].tolist()
    config.train_cfg.max_epochs = _STEPS


def _few_images(dataset: Any) -> np.ndarray:
    """Images from all over the data that memory holds, decoded as a whole."""
    from mmdet_mal.datasets.image_opening import REGION_PIXELS
    used = np.unique(dataset.columns.image_index)
    pixels = np.array([np.prod(dataset.images.shape(image), dtype=np.int64)
                       for image in used.tolist()])
    used, pixels = used[pixels <= REGION_PIXELS], pixels[pixels <= REGION_PIXELS]
    count = min(len(used), int(_PIXEL_BYTES // (3 * pixels.max(initial=1))))
    return used[np.arange(count) * len(used) // max(1, count)]


def _time_steps(runner: Any) -> tuple[float, float]:
    """Seconds of a training step, and when the first was done."""
    from mmengine.hooks import Hook

    times: list[float] = []
    began = 0.

    class Clock(Hook):

        def after_train_iter(self, *_: Any, **__: Any) -> None:
            nonlocal began
            times.append(time.monotonic())
            began = began or time.time()
            timed = len(times) - _WARM_UP_STEPS
            if timed >= _STEPS or (
                    timed >= 2 and times[-1] - times[0] > _STEP_SECONDS):
                raise _Enough

    runner.register_hook(Clock(), 'LOWEST')
    try:
        runner.train()
    except _Enough:
        pass
    timed = times[min(_WARM_UP_STEPS, max(0, len(times) - 2)):]
    if len(timed) < 2:  # one box, one step
        return 1., began
    return (timed[-1] - timed[0]) / (len(timed) - 1), began


def _time_labelling(config: Any, runner: Any) -> float:
    """Seconds of labelling a box: reading, cropping, network, encoding."""
    import torch
    from mmengine.device import get_device

    from mmdet_mal.datasets.label_chunks import collate_chunk
    from mmdet_mal.machine.precision import precision_of
    from mmdet_mal.registry import DATASETS
    dataset = DATASETS.build(config.test_dataloader.dataset)
    count = len(dataset)
    picks = sorted({i * count // (_CHUNKS + 1) for i in range(_CHUNKS + 1)})
    device = get_device()
    precision = precision_of(config.get('test_cfg'), device)
    runner.model.eval()
    boxes, seconds = 0, 0.
    for number, pick in enumerate(picks):
        start = time.monotonic()
        batch = collate_chunk([dataset[pick]])
        samples = batch['data_samples']
        if len(samples):
            with torch.no_grad(), precision.autocast(device):
                runner.model.test_step(batch)
        if number or len(picks) == 1:  # the first one warms up
            seconds += time.monotonic() - start
            boxes += len(samples)
        if seconds > _CHUNK_SECONDS:
            break
    return seconds / max(1, boxes)


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('config')
    parser.add_argument('result')
    args = parser.parse_args()
    result = measure(args.config)
    with write_then_rename(args.result) as file:
        json.dump(result, file)


if __name__ == '__main__':
    from mmdet_mal.utils.tool import run_tool
    run_tool(main)
