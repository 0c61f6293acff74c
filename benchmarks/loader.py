"""Reading training samples and chunks to label: where the time goes.

    python -m benchmarks.loader [--rounds 5] [--json OUT.json]

For photographs of several kinds (COCO's size, 12 megapixels as JPEG, 100 megapixels
as tiled TIFF), the training pipeline of configs/mal/mal_vit-mae-b_coco.py (crops of
512 px) and its labelling pipeline, in one thread, nothing cached.  "stock" is the
same pipeline with mmpretrain's and mmcv's transforms in place of ours; both give the
same pixels.  Notes say what each part takes, in milliseconds of processor time, and
how many cores feed which device.  Of the photographs of 12 megapixels an epoch is
read as well, by the plain pipeline and with crops_ahead.
"""

import argparse
import itertools
import json
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.commandline import make_parser, run
from benchmarks.inputs import BoxFile, drawn_images, fullest_images
from benchmarks.side_by_side import side_by_side

_CONFIG = 'mal_vit-mae-b_coco'
_STOCK = {'mmdet_mal.ColorJitter': 'mmpretrain.ColorJitter',
          'mmdet_mal.RandomGrayscale': 'RandomGrayscale'}
_CORES = (1, 8, 16)
_TIFF_SIDE = 10_000


def measure(args: argparse.Namespace) -> list[dict]:
    """Time stock against ours for every kind of photograph.

    Args:
        args: ``rounds``; ``samples``, read in a round; ``kinds``, names of
            :data:`KINDS`.
    """
    import cv2
    from mmengine.registry import init_default_scope
    cv2.setNumThreads(0)
    init_default_scope('mmdet')
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for kind in getattr(args, 'kinds', None) or KINDS:
            boxes = KINDS[kind](Path(folder))
            if boxes is None:
                print(f'{kind}: skipped, pyvips is not installed')
                continue
            results.append(_training(boxes, args))
            results.append(_labelling(boxes, args))
            if kind == 'camera':
                results.append(_epochs(boxes, args))
    return results


def _training(boxes: BoxFile, args: argparse.Namespace) -> dict:
    """Training samples: decode, crop, flip, colours, pack."""
    from mmdet_mal.cost.loading import time_training
    picks = _spread(len(_train_data(boxes, 'ours')), _samples(args))
    paths = {way: _reader(_train_data(boxes, way), picks)
             for way in ('stock', 'ours')}
    result = side_by_side('training samples', paths, args.rounds, warmup=1,
                          inputs=f'{len(picks)} of {boxes.name}')
    parts = {way: time_training(_train_data(boxes, way), picks)
             for way in ('stock', 'ours')}
    return _with_parts(result, parts, len(picks))


def _labelling(boxes: BoxFile, args: argparse.Namespace) -> dict:
    """Chunks to label: one decode an image, then its crops."""
    from mmdet_mal.cost.loading import time_labelling
    data = _label_data(boxes)
    picks = _spread(len(data), max(1, _samples(args) // 16))
    count = int(data.chunk_sizes[picks].sum())
    read = _reader(data, picks)

    def read_anew() -> float:
        data.forget_image()  # that the last reading left decoded
        return read()

    result = side_by_side(
        'boxes to label', dict(ours=read_anew), args.rounds, warmup=1,
        inputs=f'{count} of {boxes.name}')
    parts = dict(ours=time_labelling(_label_data(boxes), picks))
    return _with_parts(result, parts, count)


def _epochs(boxes: BoxFile, args: argparse.Namespace) -> dict:
    """Whole epochs, each image decoded for each box or for all of its boxes."""
    picks = _spread(boxes.boxes, 3 * _samples(args))
    paths = {way: _epoch_reader(_train_data(
        boxes, 'ours', crops_ahead=crops).get_subset(picks))
        for way, crops in dict(plain=0, crops_ahead=32).items()}
    result = side_by_side('an epoch of training samples', paths, args.rounds,
                          warmup=0, inputs=f'{len(picks)} of {boxes.name}')
    result['notes'] = ['ms each: ' + ', '.join(
        f"{way} {1e3 * value['median'] / len(picks):.1f}"
        for way, value in result['cpu_seconds'].items())]
    return result


def _with_parts(result: dict, parts: dict[str, dict[str, float]],
                count: int) -> dict:
    """Add rates, parts, and what so many cores feed."""
    seconds = {way: value['median'] / count
               for way, value in result['cpu_seconds'].items()}
    result['per_core'] = {way: 1 / max(1e-9, value)
                          for way, value in seconds.items()}
    result['parts_ms'] = {way: {name: 1e3 * value for name, value in found.items()}
                          for way, found in parts.items()}
    rates = ', '.join(f'{way} {rate:.1f}'
                      for way, rate in result['per_core'].items())
    rate = result['per_core']['ours']
    result['notes'] = [
        f'a second on one core: {rates}; ours on '
        + ', '.join(f'{cores} core{"s" * (cores > 1)} {cores * rate:.0f}'
                    for cores in _CORES)]
    for way, found in result['parts_ms'].items():
        listed = ', '.join(f'{name} {ms:.2f}' for name, ms in sorted(
            found.items(), key=lambda item: -item[1]))
        result['notes'].append(f'{way}, ms each: {listed}')
    return result


def _config(way: str) -> Any:
    """The config, with the stock transforms if so asked."""
    from mmdet_mal.utils.tool import load_config
    config = load_config(_CONFIG)
    if way == 'stock':
        config.train_dataloader.dataset.pipeline = json.loads(
            json.dumps(config.train_dataloader.dataset.pipeline),
            object_hook=_to_stock)
    return config


def _to_stock(settings: dict) -> dict:
    if settings.get('type') in _STOCK:
        settings['type'] = _STOCK[settings['type']]
    return settings


def _place(boxes: BoxFile) -> dict:
    return dict(data_root='', ann_file=str(boxes.ann_file),
                data_prefix=dict(img=str(boxes.images)))


def _train_data(boxes: BoxFile, way: str, crops_ahead: int = 0) -> Any:
    from mmdet_mal.registry import DATASETS
    settings = _config(way).train_dataloader.dataset
    settings.update(_place(boxes), min_area=400, known_faults=(),
                    check_images='none', faults='skip', crops_ahead=crops_ahead)
    return DATASETS.build(settings)


def _label_data(boxes: BoxFile) -> Any:
    from mmdet_mal.registry import DATASETS
    settings = _config('ours').test_dataloader.dataset
    settings.update(_place(boxes))
    return DATASETS.build(settings)


def _reader(dataset: Any, picks: list[int]) -> Callable[[], object]:
    """Read the picks, with the same draws each time."""
    def read() -> float:
        random.seed(0)
        np.random.seed(0)
        return sum(_checksum(dataset[pick]) for pick in picks)
    return read


def _epoch_reader(dataset: Any) -> Callable[[], object]:
    """Read all samples of an epoch, of another one each time."""
    from mmdet_mal.datasets.samplers import SampleKey
    from mmdet_mal.datasets.seeded_samples import SeededSamples
    samples, epochs = SeededSamples(dataset), itertools.count()

    def read() -> float:
        epoch = next(epochs)
        return sum(_checksum(samples[SampleKey(i, epoch, 0)])
                   for i in range(len(samples)))
    return read


def _checksum(item: dict) -> float:
    inputs = item['inputs']
    views = inputs.values() if isinstance(inputs, dict) else inputs
    return float(sum(int(view[0, 0, 0]) for view in views))


def _spread(count: int, wanted: int) -> list[int]:
    """So many positions, evenly from all over."""
    wanted = min(count, wanted)
    return [i * count // wanted for i in range(wanted)]


def _samples(args: argparse.Namespace) -> int:
    return getattr(args, 'samples', 32)


def _coco(folder: Path) -> BoxFile:
    return fullest_images('coco_mini', folder, 600)


def _camera(folder: Path) -> BoxFile:
    return drawn_images(folder, images=2, boxes=50, size=(3000, 4000))


def _tiled(folder: Path) -> BoxFile | None:
    """A slide: 100 megapixels in tiles, of which boxes are read by region."""
    try:
        import pyvips
    except (ImportError, OSError):
        return None
    rng = np.random.default_rng(0)
    tile = rng.integers(0, 256, (1000, 1000, 3), dtype=np.uint8)
    image = pyvips.Image.new_from_array(tile, interpretation='srgb')
    count = _TIFF_SIDE // 1000
    image.replicate(count, count).write_to_file(
        str(folder / 'slide.tiff'), tile=True, tile_width=256, tile_height=256,
        compression='deflate')
    boxes = [dict(id=i + 1, image_id=1, category_id=1, iscrowd=0, area=90_000,
                  bbox=[int(v) for v in rng.integers(0, _TIFF_SIDE - 300, 2)]
                  + [300, 300]) for i in range(64)]
    path = folder / 'slide.json'
    path.write_text(json.dumps(dict(
        images=[dict(id=1, file_name='slide.tiff', height=_TIFF_SIDE,
                     width=_TIFF_SIDE)],
        annotations=boxes, categories=[dict(id=1, name='thing')])))
    return BoxFile(path, folder, '64 boxes of 300 px on a tiled TIFF of 100 '
                   'megapixels', 64)


KINDS: dict[str, Callable[[Path], BoxFile | None]] = dict(
    coco=_coco, camera=_camera, tiled=_tiled)


def main() -> None:
    parser = make_parser(__doc__, rounds=5)
    parser.add_argument('--samples', type=int, default=32,
                        help='boxes read in a round (default: %(default)s)')
    parser.add_argument('--kinds', nargs='+', choices=KINDS, default=list(KINDS),
                        help='of photographs (default: all)')
    # A slide of 100 megapixels takes longer to draw than all else.
    run(parser, measure, quick=dict(samples=2, kinds=['coco', 'camera']))


if __name__ == '__main__':
    main()
