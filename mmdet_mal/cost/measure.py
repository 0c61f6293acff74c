"""Measures this device with a config: a few steps, chunks and samples."""

import copy
import resource
import time
from typing import Any

from mmdet_mal.auto.quiet import quiet_mmengine
from mmdet_mal.machine.precision import precision_of
from mmdet_mal.machine.process import prepare_process
from mmdet_mal.machine.processor import this_processor
from mmdet_mal.utils.errors import UserError

from .loading import time_labelling, time_training
from .profile import Profile

_WARM_UP = 2
_SAMPLES = 64
_CHUNKS = 4
_DECODE = 'decode'


def measure_profile(config: Any, config_name: str, steps: int = 6) -> Profile:
    """Measure what a :class:`Profile` holds.

    On a CPU by processor time, so that other work on the machine disturbs less;
    on a GPU by wall-clock.  The weights are random: they change no time.

    Args:
        config: MMEngine config of a labeller whose data are at hand.
        config_name: For people.
        steps: Training steps that are timed, at least 1.

    Returns:
        The profile.

    Raises:
        UserError: If the data cannot be read, or have too few boxes.
    """
    import cv2
    import torch
    from mmengine.device import get_device
    from mmengine.registry import init_default_scope

    from mmdet_mal.registry import DATASETS, MODELS
    prepare_process()
    cv2.setNumThreads(0)  # as in a run
    init_default_scope(config.get('default_scope', 'mmdet'))
    device = get_device()
    config = copy.deepcopy(config)
    trains = bool(config.get('train_dataloader'))
    if trains:
        config.model.network.pretrained = None
    model = MODELS.build(config.model)
    with quiet_mmengine():  # it would list every weight
        if trains:
            model.init_weights()
        model.to(device)

    label_data = DATASETS.build(config.test_dataloader.dataset)
    count = len(label_data)
    if not count:
        raise UserError(f'{config_name}: its data have no box to label; give a file '
                        'with boxes')
    picks = sorted({i * count // _CHUNKS for i in range(_CHUNKS)})
    label_seconds, label_gib = _time_labelling(
        config, model, [label_data[pick] for pick in picks], device)
    label_load = time_labelling(label_data, picks)
    megapixels = _megapixels(label_data.boxes)
    decode = label_load.pop(_DECODE) / _images_a_box(label_data, picks) / megapixels

    train_seconds = train_gib = train_load = 0.
    batch = 1
    if trains:
        settings = dict(config.train_dataloader.dataset, cache_images=False,
                        check_images='none')
        data = DATASETS.build(settings)
        batch = config.train_dataloader.batch_size
        if len(data) < batch:
            raise UserError(f'{config_name}: its data have {len(data)} boxes to '
                            f'train on, fewer than a step of {batch}')
        samples = [data[i * len(data) // batch] for i in range(batch)]
        train_seconds, train_gib = _time_training(config, model, samples, steps,
                                                  device)
        some = min(_SAMPLES, len(data))
        parts = time_training(data, [i * len(data) // some for i in range(some)])
        decode = parts.pop(_DECODE) / megapixels
        train_load = sum(parts.values())
    on_cpu = device == 'cpu'
    name = (this_processor().name if on_cpu
            else torch.cuda.get_device_name(device))
    precision = precision_of(config.get('test_cfg'), device)
    threads = torch.get_num_threads()
    return Profile(
        device=f'{name}, {threads} thread{"s" * (threads > 1)}' if on_cpu else name,
        kind='cpu' if on_cpu else 'gpu', config=config_name, basis='measured',
        note=f'{time.strftime("%Y-%m-%d")}, {precision.name}, '
        + ('processor time' if on_cpu else 'wall-clock')
        + f', {steps} steps, {len(picks)} chunks, random weights, '
        f'torch {torch.__version__}',
        train_seconds=train_seconds, label_seconds=label_seconds,
        decode_seconds=decode, train_load_seconds=train_load,
        label_load_seconds=sum(label_load.values()), threads=threads,
        batch_size=batch,
        epochs=config.train_cfg.max_epochs if trains else 1,
        train_gib=train_gib, label_gib=label_gib)


def _time_training(config: Any, model: Any, samples: list, steps: int,
                   device: str) -> tuple[float, float]:
    """Seconds a box of whole steps on one batch, and the peak of memory."""
    from mmengine.dataset import pseudo_collate
    from mmengine.optim import build_optim_wrapper

    from mmdet_mal.registry import HOOKS
    wrapper = build_optim_wrapper(model, copy.deepcopy(config.optim_wrapper))
    teachers = [HOOKS.build(hook) for hook in config.custom_hooks
                if hook.type.endswith('MeanTeacherHook')]
    batch = pseudo_collate(samples)
    model.train()
    clock = _Clock(device)
    for step in range(_WARM_UP + steps):
        if step == _WARM_UP:
            clock.start()
        model.train_step(batch, wrapper)
        for hook in teachers:
            hook.momentum_update(model, hook.momentum)
    return clock.seconds() / steps / len(samples), clock.peak_gib()


def _time_labelling(config: Any, model: Any, chunks: list,
                    device: str) -> tuple[float, float]:
    """Seconds a box from crops to encoded masks, and the peak of memory."""
    import torch
    precision = precision_of(config.get('test_cfg'), device)
    chunks = [chunk for chunk in chunks if chunk['data_samples']]
    if not chunks:
        raise UserError('none of the images that were tried can be read; look with '
                        'mal doctor')
    model.eval()
    clock = _Clock(device)
    with torch.no_grad(), precision.autocast(device):
        model.test_step(copy.deepcopy(chunks[0]))
        clock.start()
        for chunk in chunks:
            model.test_step(chunk)
    boxes = sum(len(chunk['data_samples']) for chunk in chunks)
    return clock.seconds() / boxes, clock.peak_gib()


class _Clock:
    """Seconds of the device: wall-clock of a GPU, of a CPU its own threads'."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._start = 0.

    def start(self) -> None:
        self._start = self._now()

    def seconds(self) -> float:
        """Since :meth:`start`."""
        return self._now() - self._start

    def peak_gib(self) -> float:
        """Memory of the GPU, or of this process, at most until now."""
        import torch
        if self._device != 'cpu':
            return torch.cuda.max_memory_allocated() / 2**30
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20

    def _now(self) -> float:
        import torch
        if self._device == 'cpu':
            return time.process_time() / torch.get_num_threads()
        torch.cuda.synchronize()
        return time.perf_counter()


def _megapixels(boxes: Any) -> float:
    """Mean of the images of a data set's boxes."""
    import numpy as np
    used = np.unique(boxes.columns.image_index)
    pixels = (boxes.images.heights[used].astype(np.int64)
              * boxes.images.widths[used])
    return float(pixels.mean() / 1e6)


def _images_a_box(dataset: Any, picks: list[int]) -> float:
    """Images a box of some chunks; each is decoded once."""
    wanted = {ann for pick in picks for ann in dataset.chunk_ann_ids(pick)}
    columns = dataset.boxes.columns
    rows = [row for row, ann in enumerate(columns.ann_ids.tolist())
            if ann in wanted]
    return len({int(columns.image_index[row]) for row in rows}) / max(1, len(rows))
