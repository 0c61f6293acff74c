"""Makes the config of a run: a preset on a person's boxes, dumped whole."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mmdet_mal.labelling.files import write_then_rename
from mmdet_mal.machine.workers import choose_workers

from .facts import DataFacts
from .presets import Machine, Preset
from .schedule import Schedule

if TYPE_CHECKING:
    from mmengine.config import Config

# Decoded images are kept in memory up to this: a quarter of a small machine.
_CACHE_BYTES = 2 * 1024**3
# Else so many crops are cut of a photograph when it is decoded.
_CROPS_AHEAD = 32
# Helper names of the shipped files, and what no longer means anything there.
_LEFT_OUT = ('data_root', 'max_epochs')
_LOG_SECONDS = 2.
# Pictures of the masks as they sharpen, for the report.
MOSAIC_HOOK = 'mmdet_mal.MaskMosaicHook'
_MOSAICS = 8
_MOSAIC_BOXES = 8


def make_config(preset: Preset, boxes: str, images: str, weights: str,
                facts: DataFacts, machine: Machine, schedule: Schedule,
                batch_size: int, step_seconds: float) -> 'Config':
    """Point the preset's config at a person's data.

    Args:
        preset: That was chosen.
        boxes: COCO file, without fatal faults.
        images: Folder, archive or address.
        weights: Pretrained weights of the preset.
        facts: Of the boxes.
        machine: To compute with.
        schedule: How long to train; its numbers count only if the preset
            trains.
        batch_size: Boxes of a step.
        step_seconds: Time of a step, for the log's interval.

    Returns:
        The config, complete: nothing in it depends on the environment.
    """
    from mmdet_mal.datasets.image_source import image_source
    from mmdet_mal.utils.tool import load_config
    prefix, backend_args = image_source(images)
    if backend_args is None and '://' not in prefix:
        prefix = os.path.abspath(prefix)
    place = dict(data_root='', ann_file=os.path.abspath(boxes),
                 data_prefix=dict(img=prefix), backend_args=backend_args)
    with _environment(MAL_WEIGHTS=weights,
                      MAL_EPOCHS=str(max(1, schedule.epochs)),
                      MAL_EPOCH_ITERS=str(max(1, schedule.epoch_steps))):
        config = load_config(preset.config)
    config.test_dataloader.dataset.update(place)
    workers = choose_workers(machine.device, machine.cores)
    config.test_dataloader.num_workers = workers
    if preset.trains:
        loader = config.train_dataloader
        loader.dataset.update(place)
        fits = facts.pixel_bytes <= _CACHE_BYTES
        loader.dataset.update(cache_images=fits,
                              crops_ahead=0 if fits else _CROPS_AHEAD)
        loader.batch_size = batch_size
        loader.num_workers = workers
        # An epoch of a small set takes a second; a checkpoint a minute will do.
        config.default_hooks.checkpoint.update(
            by_epoch=False, interval=schedule.checkpoint_steps, save_last=True)
        config.default_hooks.logger.interval = max(
            1, min(50, int(_LOG_SECONDS / step_seconds)))
        config.custom_hooks = [
            hook for hook in config.custom_hooks
            if hook.type != 'mmdet_mal.AtomicCheckpointHook']
        config.custom_hooks.append(dict(
            type=MOSAIC_HOOK, unit='iter', boxes=_MOSAIC_BOXES,
            interval=max(1, schedule.steps // _MOSAICS)))
    for name in [*config]:
        if name.startswith('_') or name in _LEFT_OUT:
            config.pop(name)
    return config


def write_config(config: 'Config', path: str, lines: list[str]) -> None:
    """Write a config for people to read and to go on with.

    Args:
        config: The config.
        path: Where.
        lines: What stands above it, as comments.
    """
    head = ''.join(f'# {line}'.rstrip() + '\n' for line in lines)
    with write_then_rename(path) as file:
        file.write(f'{head}\n{config.pretty_text}')


@contextmanager
def _environment(**values: str) -> Iterator[Mapping[str, str]]:
    """Set environment variables, which shipped configs read, for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield os.environ
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
