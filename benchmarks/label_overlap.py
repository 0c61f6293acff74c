"""Throughput of labelling: the overlapped order against the naive one.

    python benchmarks/label_overlap.py [--rounds 5] [--json OUT.json]

Naive: for one box after the other, decode its image, crop it, infer, encode,
write.  Ours: the label loop as the tools run it: an image is decoded once for
all boxes of a chunk, by workers of the data loader; crops are inferred chunk by
chunk; a thread encodes and writes.  Both label the same boxes with the same
weights (random ones: the time does not depend on them) in one process, in turn;
the table has medians and their ratio.  Images are those of coco_mini where they
are at hand, else drawn ones of the same size.
"""

import argparse
import copy
import json
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path

import cv2
import mmdet_mal  # noqa: F401  its shields come before mmengine's runner
import numpy as np
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mmdet_mal.engine.hooks.pseudo_label import record_of
from mmdet_mal.labelling.shards import ShardWriter
from mmdet_mal.registry import DATASETS, MODELS

REPO = Path(__file__).resolve().parents[1]
CONFIG = REPO / 'configs/mal/mal_deit-ti_coco-mini.py'
COCO_MINI = REPO.parent / 'shared/data/coco_mini'


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--config', default=str(CONFIG))
    parser.add_argument('--images', type=int, default=16, help='default: 16')
    parser.add_argument('--rounds', type=int, default=5, help='default: 5')
    parser.add_argument('--workers', type=int, default=1,
                        help='of the data loader (default: 1)')
    parser.add_argument('--threads', type=int, default=1,
                        help='of torch (default: 1)')
    parser.add_argument('--json', metavar='OUT.json', help='write the figures')
    return parser.parse_args()


def make_data(folder: Path, count: int) -> tuple[Path, Path, str]:
    """Choose or draw images with boxes.

    Returns:
        Annotation file, folder of the images, and what they are.
    """
    annotations = COCO_MINI / 'annotations/boxes_train.json'
    if annotations.exists():
        data = json.loads(annotations.read_text())
        # Those with most boxes: the order matters where an image has several.
        per_image: dict[int, int] = {}
        for annotation in data['annotations']:
            key = annotation['image_id']
            per_image[key] = per_image.get(key, 0) + 1
        chosen = set(sorted(per_image, key=per_image.get)[-count:])
        data['images'] = [i for i in data['images'] if i['id'] in chosen]
        data['annotations'] = [a for a in data['annotations']
                               if a['image_id'] in chosen]
        images, name = COCO_MINI / 'images', 'photographs of coco_mini'
    else:
        data = draw_data(folder / 'images', count)
        images, name = folder / 'images', 'drawn, 640 x 480 JPEG'
    path = folder / 'boxes.json'
    path.write_text(json.dumps(data))
    return path, images, name


def draw_data(folder: Path, count: int, boxes: int = 15) -> dict:
    """Write smooth noise as JPEG, which decodes like a photograph."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    images, annotations = [], []
    for i in range(count):
        image = rng.integers(0, 255, (60, 80, 3), np.uint8)
        image = cv2.resize(image, (640, 480), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / f'{i}.jpg'), image)
        images.append(dict(id=i, file_name=f'{i}.jpg', height=480, width=640))
        for _ in range(boxes):
            w, h = rng.integers(20, 240, 2).tolist()
            annotations.append(dict(
                id=len(annotations), image_id=i, category_id=1, iscrowd=0,
                bbox=[int(rng.integers(0, 640 - w)), int(rng.integers(0, 480 - h)),
                      w, h]))
    return dict(images=images, annotations=annotations,
                categories=[dict(id=1, name='thing')])


def make_config(path: str, ann_file: Path, images: Path, workers: int) -> Config:
    """Point a config at the data, with random weights."""
    os.environ.setdefault('MAL_WEIGHTS', '/nowhere')
    config = Config.fromfile(path)
    config.model.network.pretrained = None
    dataset = config.test_dataloader.dataset
    dataset.data_root, dataset.ann_file = '', str(ann_file)
    dataset.data_prefix = dict(img=str(images))
    config.test_dataloader.num_workers = workers
    return config


def label_overlapped(config: Config, folder: Path, model: torch.nn.Module) -> float:
    """Seconds of a label run, without its start and without the merge."""
    runner = Runner(
        model=model, work_dir=str(folder), default_scope='mmdet',
        test_dataloader=copy.deepcopy(config.test_dataloader),
        test_cfg=dict(type='mmdet_mal.LabelLoop'), test_evaluator=[],
        default_hooks=dict(
            logger=None, checkpoint=None, timer=None, param_scheduler=None,
            runtime_info=None, sampler_seed=dict(type='DistSamplerSeedHook')),
        # A share is not merged.
        custom_hooks=[dict(type='mmdet_mal.PseudoLabelHook', share='0/1')],
        log_level='ERROR', experiment_name=f'overlap{folder.name}')
    loop = runner.build_test_loop(runner._test_loop)
    runner._test_loop = loop
    seconds = time.perf_counter()
    loop.run()
    return time.perf_counter() - seconds


@torch.no_grad()
def label_naively(config: Config, folder: Path, model: torch.nn.Module) -> float:
    """Seconds for the same, box by box, each decoding its image."""
    folder.mkdir()
    place = config.test_dataloader.dataset
    dataset = DATASETS.build(dict(
        type='mmdet_mal.BoxInstanceDataset', ann_file=place.ann_file,
        data_prefix=dict(place.data_prefix), min_area=0, min_size=0,
        check_images='none', faults='skip', test_mode=True,
        pipeline=[dict(type='mmdet_mal.LoadBoxImage'), *place.pipeline]))
    model.eval()
    seconds = time.perf_counter()
    with ShardWriter(str(folder / 'rank0.jsonl')) as writer:
        for index in range(len(dataset)):
            item = dataset[index]
            outputs = model.test_step(dict(inputs=[item['inputs']],
                                           data_samples=[item['data_samples']]))
            writer.append(index, [record_of(output) for output in outputs])
    return time.perf_counter() - seconds


def main() -> None:
    args = parse_args()
    torch.set_num_threads(args.threads)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        ann_file, images, name = make_data(folder, args.images)
        config = make_config(args.config, ann_file, images, args.workers)
        torch.manual_seed(0)
        model = MODELS.build(config.model)
        boxes = sum(not annotation.get('iscrowd') for annotation in
                    json.loads(ann_file.read_text())['annotations'])
        seconds: dict[str, list[float]] = dict(naive=[], overlapped=[])
        for i in range(args.rounds + 1):  # the first round warms up
            for order, label in (('naive', label_naively),
                                 ('overlapped', label_overlapped)):
                taken = label(config, folder / f'{order}{i}', model)
                if i > 0:
                    seconds[order].append(taken)
    medians = {order: statistics.median(s) for order, s in seconds.items()}
    ratios = [n / o for n, o in zip(seconds['naive'], seconds['overlapped'],
                                    strict=True)]
    result = dict(
        images=name, num_images=args.images, boxes=boxes, rounds=args.rounds,
        workers=args.workers, torch_threads=args.threads, cores=os.cpu_count(),
        machine=platform.machine(), config=Path(args.config).name,
        seconds=seconds, median_seconds=medians,
        boxes_per_second={o: boxes / s for o, s in medians.items()},
        ratio=statistics.median(ratios), ratio_range=[min(ratios), max(ratios)])
    print(f'{boxes} boxes on {args.images} images ({name}), median of '
          f'{args.rounds} rounds\n')
    print('| order | s | boxes/s |\n| --- | --- | --- |')
    for order, value in medians.items():
        print(f'| {order} | {value:.2f} | {boxes / value:.1f} |')
    print(f"\nratio {result['ratio']:.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
    if args.json:
        Path(args.json).write_text(json.dumps(result, indent=2) + '\n')
    print(json.dumps(result))


if __name__ == '__main__':
    main()
