"""What a label run costs: seconds to decode an image and seconds a box.

    OMP_NUM_THREADS=1 python benchmarks/chunk_cost.py CONFIG \\
        --ann boxes.json --images photos

Labels chunks one after the other in one process, with nothing overlapped.  A
box's seconds are everything but the decoding.  On a CPU the time is that of the
processor, which other processes change little; with an accelerator, the clock's.
Weights do not matter: without --checkpoint they are random.
"""

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import mmdet_mal  # noqa: F401  its shields come before mmdet
import numpy as np
from mmengine.registry import DATASETS, MODELS, init_default_scope

from mmdet_mal.datasets.images import read_image
from mmdet_mal.labelling.on_ray.chunk_labeller import ChunkLabeller, LabelTask
from mmdet_mal.labelling.command import LabelJob, point_config_at
from mmdet_mal.utils.tool import load_config, run_tool

_WARM_UP = 3


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config')
    parser.add_argument('--ann', required=True)
    parser.add_argument('--images', required=True)
    parser.add_argument('--checkpoint')
    parser.add_argument('--chunks', type=int, default=12,
                        help='chunks to time (default: %(default)s)')
    return parser.parse_args()


def build_task(args: argparse.Namespace) -> LabelTask:
    config = load_config(args.config)
    point_config_at(config, LabelJob.from_options(args.ann, args.images))
    if args.checkpoint:
        return LabelTask.from_files(config, args.checkpoint)
    init_default_scope(config.default_scope)
    model = MODELS.build(config.model)
    dataset = DATASETS.build(config.test_dataloader.dataset)
    return LabelTask(config, model.state_dict(), dataset, 'random weights')


def main() -> None:
    args = parse_args()
    labeller = ChunkLabeller(build_task(args))
    clock = time.process_time if labeller.device == 'cpu' else time.perf_counter
    chunks = np.linspace(0, len(labeller.dataset) - 1, args.chunks, dtype=int)
    for chunk in chunks[:_WARM_UP]:
        labeller.label(int(chunk))
    dataset = labeller.dataset
    images = boxes = 0
    decoding = labelling = 0.
    for chunk in map(int, chunks):
        samples = dataset[chunk]['data_samples']
        for path in {sample.img_path for sample in samples}:
            decoding += timed(clock, read_image, path, 'image',
                              dataset.color_type)[1]
            images += 1
        # Somewhere else, so that no image of the chunk is kept.
        dataset[(chunk + len(dataset) // 2) % len(dataset)]
        labelling += timed(clock, labeller.label, chunk)[1]
        boxes += len(samples)
    print(json.dumps(dict(
        device=labeller.device, chunks=len(chunks), images=images, boxes=boxes,
        decode=round(decoding / images, 5),
        box=round((labelling - decoding) / boxes, 5))))


def timed(clock: Callable[[], float], function: Callable,
          *args: Any) -> tuple[Any, float]:
    """Call a function; return its result and the seconds it took."""
    begin = clock()
    result = function(*args)
    return result, clock() - begin


if __name__ == '__main__':
    run_tool(main)
