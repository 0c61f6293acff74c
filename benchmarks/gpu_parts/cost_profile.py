"""What was measured as a profile for ``mal cost``."""

import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.gpu_parts.loader import large_boxes
from benchmarks.gpu_parts.setup import CONFIG, Bench, load
from benchmarks.machine import machine_name
from mmdet_mal.cost.loading import time_labelling, time_training
from mmdet_mal.cost.profile import Profile
from mmdet_mal.registry import DATASETS

_SAMPLES = 64
_CHUNKS = 4
_DECODE = 'decode'
# Of the drawn photographs, which are read here.
_MEGAPIXELS = .3072


def measure(bench: Bench, figures: dict[str, Any], folder: Path,
            path: Path) -> dict[str, Any]:
    """Write a profile: device's seconds of the best batch, loader's of a core.

    Args:
        bench (Bench): What all parts share.
        figures (dict): Of the parts before: ``training`` and ``labelling``.
        folder (Path): For drawn photographs.
        path (Path): Of the profile.

    Returns:
        dict: ``path`` and what it says of seconds.

    Raises:
        RuntimeError: If training or labelling was not measured.
    """
    rows = [row for row in figures.get('training', ())
            if 'note' not in row and row['variant'] == 'plain']
    label = figures.get('labelling')
    if not rows or not label:
        raise RuntimeError('training and labelling must have been measured')
    best = max(rows, key=lambda row: row['crops_per_second'])
    config = load(bench)
    train_load, label_load, decode = _loading(bench, config, folder)
    cuda = bench.device.type == 'cuda'
    precision = bench.dtype if cuda else torch.float32
    dry = 'DRY RUN of a tiny network, no measurement; ' if bench.tiny else ''
    profile = Profile(
        device=torch.cuda.get_device_name() if cuda else machine_name(),
        kind='gpu' if cuda else 'cpu', config=CONFIG.stem, basis='measured',
        note=f'{dry}{time.strftime("%Y-%m-%d")}, benchmarks/gpu.sh, '
        f'{str(precision).removeprefix("torch.")}, wall-clock, drawn '
        f'photographs, random weights, torch {torch.__version__}',
        train_seconds=1 / best['crops_per_second'],
        label_seconds=1 / label['crops_per_second'],
        decode_seconds=decode, train_load_seconds=train_load,
        label_load_seconds=label_load, threads=torch.get_num_threads(),
        batch_size=best['batch'], epochs=config.train_cfg.max_epochs,
        train_gib=(best['peak_mib'] or 0) / 1024,
        label_gib=(label['peak_mib'] or 0) / 1024)
    profile.check()
    profile.save(str(path))
    return dict(
        path=path.name, train_seconds=profile.train_seconds,
        label_seconds=profile.label_seconds, decode_seconds=decode,
        train_load_seconds=train_load, label_load_seconds=label_load)


def _loading(bench: Bench, config: Any,
             folder: Path) -> tuple[float, float, float]:
    """Seconds of a core: a trained box, a labelled box, a megapixel."""
    ann_file = large_boxes(folder)
    place = dict(data_root='', ann_file=str(ann_file),
                 data_prefix=dict(img=str(ann_file.parent)))
    train = DATASETS.build(dict(
        config.train_dataloader.dataset, **place, known_faults=(), min_area=0,
        check_images='none', cache_images=False))
    count = min(8 if bench.tiny else _SAMPLES, len(train))
    parts = time_training(train, [i * len(train) // count for i in range(count)])
    decode = parts.pop(_DECODE) / _MEGAPIXELS
    chunks = DATASETS.build(dict(config.test_dataloader.dataset, **place))
    count = min(1 if bench.tiny else _CHUNKS, len(chunks))
    label = time_labelling(chunks, [i * len(chunks) // count
                                    for i in range(count)])
    label.pop(_DECODE)
    return sum(parts.values()), sum(label.values()), decode
