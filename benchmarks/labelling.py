"""Labelling a file of boxes, from its JSON to the JSON with masks.

    OMP_NUM_THREADS=1 python -m benchmarks.labelling [--only drawn …]

Ours is a whole label run of the product: chunks, masks, scores, shards, merge,
validation.  The textbook decodes an image for each box, infers 16 boxes at a
time, pastes masks on full canvases, keeps all in memory, and knows no scores.
Same weights; each in this process, without loader workers unless --workers says
otherwise.  The last lines tell how many pixels the two agree on.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

import mmdet_mal  # noqa: F401  its shields come before mmengine's runner
import numpy as np
from mmengine.config import Config
from mmengine.runner import Runner
from pycocotools import mask as coco_mask
from torch import nn

from benchmarks.commandline import make_parser, run, set_threads
from benchmarks.inputs import (LARGE, BoxFile, drawn_images, first_boxes,
                               fullest_images)
from benchmarks.same_model import (INSTANT, SMALL, VIT_B, boxes_to_label,
                                   build_ours, config_for, instant_maps,
                                   rules_of, textbook_network)
from benchmarks.side_by_side import side_by_side
from benchmarks.textbook.labelling import label, network_maps


ROUNDS = 5
QUICK_BOXES = 2
# Cases of minutes a round: half of the rounds, none to warm up.
SLOW = ('vit_b', 'drawn_24', 'drawn_48')


def ours(config: Config, model: nn.Module, folder: Path) -> Callable[[], Path]:
    """A label run of the product as a function without arguments.

    Args:
        config (Config): From :func:`~benchmarks.same_model.config_for`.
        model (nn.Module): The labeller with its weights.
        folder (Path): Each run gets a folder of its own in it.

    Returns:
        Callable: Labels anew; returns the path of the masks JSON.
    """
    numbers = count()

    def call() -> Path:
        work = folder / f'ours{next(numbers)}'
        runner = Runner(
            model=model, work_dir=str(work), default_scope='mmdet',
            cfg=config, test_dataloader=json.loads(json.dumps(
                config.test_dataloader.to_dict())),
            test_cfg=dict(type='mmdet_mal.LabelLoop'), test_evaluator=[],
            default_hooks=dict(
                logger=None, checkpoint=None, timer=None, param_scheduler=None,
                runtime_info=None, sampler_seed=None),
            custom_hooks=[dict(type='mmdet_mal.PseudoLabelHook')],
            log_level='ERROR', experiment_name=work.name)
        runner.test()
        return work / 'masks.json'
    return call


def textbook(config: Config, model: nn.Module, data: BoxFile, folder: Path,
             workers: int) -> Callable[[], Path]:
    """The textbook's labelling as a function without arguments.

    Args:
        config (Config): Whose constants are used.
        model (nn.Module): Ours, for its weights.
        data (BoxFile): What is labelled.
        folder (Path): Where the JSON goes.
        workers (int): Processes that read ahead.

    Returns:
        Callable: Labels anew; returns the path of the masks JSON.
    """
    rules, out = rules_of(config), folder / 'textbook.json'
    if config.model.type == 'mmdet_mal.InstantLabeler':
        infer = instant_maps(config, model)
    else:
        network = textbook_network(config, model.teacher).eval()
        infer = network_maps(network, rules)
    batch = config.test_dataloader.dataset.chunk_boxes

    def call() -> Path:
        label(boxes_to_label(config, data), infer, rules, out, batch, workers)
        return out
    return call


def agreement(one: Path, other: Path) -> dict[str, float]:
    """How far two masks JSONs agree.

    Returns:
        dict: ``pixels``, share of the pixels of all boxes on which the masks
        agree; ``iou``, mean over the boxes; ``worst_iou``.
    """
    first, second = (
        {a['id']: a for a in json.loads(path.read_text())['annotations']
         if not a.get('iscrowd')} for path in (one, other))
    if first.keys() != second.keys():
        raise ValueError(f'{one} and {other} label other boxes')
    same = total = 0
    ious = []
    for key, annotation in first.items():
        rles = [annotation['segmentation'], second[key]['segmentation']]
        both = coco_mask.area(coco_mask.merge(rles, intersect=True))
        either = coco_mask.area(coco_mask.merge(rles))
        w, h = annotation['bbox'][2:]
        ious.append(float(both) / float(either))
        same += max(w * h - float(either - both), 0.)
        total += w * h
    return dict(pixels=same / total, iou=float(np.mean(ious)),
                worst_iou=min(ious))


def cases(folder: Path) -> dict[str, tuple[str, Path, Callable[[], BoxFile], float]]:
    """By name: title, config, what is labelled, and the ratio aimed at."""
    def photographs() -> BoxFile:
        return fullest_images('coco_mini', folder, 100)

    return dict(
        photographs=('labelling, small preset', SMALL, photographs, 5.),
        nuclei=('labelling, small preset', SMALL,
                lambda: fullest_images('nuclei', folder, 120), 5.),
        **{name: ('labelling, small preset', SMALL,
                  partial(drawn_images, folder, 1, 100, size), 5.)
           for name, size in LARGE.items()},
        instant=('labelling, instant', INSTANT, photographs, 5.),
        vit_b=('labelling, ViT-B/16 at 512 px, random weights', VIT_B,
               lambda: drawn_images(folder, 2, 4, (480, 640)), 1.3))


def measure(args: argparse.Namespace) -> list[dict]:
    """Time the cases that were asked for."""
    set_threads(args.threads)
    results = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name, (title, path, make, target) in cases(folder).items():
            if args.only and name not in args.only:
                continue
            data = make()
            if args.boxes:
                data = first_boxes(data, folder, args.boxes)
            config = config_for(path, data, args.workers)
            model = build_ours(config).eval()
            set_threads(args.threads)
            own = folder / name
            own.mkdir()
            paths = dict(
                textbook=textbook(config, model, data, own, args.workers),
                ours=ours(config, model, own))
            written: dict[str, Path] = {}

            def call(path: str, paths=paths, written=written) -> None:
                written[path] = paths[path]()

            slow = name in SLOW
            result = side_by_side(
                title, {path: partial(call, path) for path in paths},
                max(1, args.rounds // 2) if slow else args.rounds,
                warmup=0 if slow else 1, inputs=data.name)
            agrees = agreement(written['textbook'], written['ours'])
            rates = [data.boxes / seconds['median']
                     for seconds in result['seconds'].values()]
            result.update(target=target, agreement=agrees, notes=[
                '{:.3g} and {:.3g} boxes a second; masks '.format(*rates)
                + 'agree on {pixels:.3%} of the pixels of the boxes, mean IoU '
                '{iou:.4f}, worst {worst_iou:.3f}'.format(**agrees)])
            results.append(result)
    return results


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options beside the common ones."""
    parser.add_argument('--only', nargs='+', metavar='CASE',
                        choices=list(cases(Path())),
                        help='of photographs, nuclei, drawn, drawn_24, '
                        'drawn_48 (one of 12, 24, 48 megapixels with 100 '
                        'boxes), instant, vit_b')
    parser.add_argument('--boxes', type=int, metavar='N',
                        help='label only the first N of each case')
    parser.add_argument('--workers', type=int, default=0,
                        help='of the data loader, on both paths (default: 0)')


def main() -> None:
    parser = make_parser(__doc__, ROUNDS)
    add_arguments(parser)
    run(parser, measure, quick=dict(boxes=QUICK_BOXES))


if __name__ == '__main__':
    main()
