"""Training samples a second of one core, from the file to the batch.

    OMP_NUM_THREADS=1 python -m benchmarks.data_loading [--samples 64]

The same samples with the same random numbers by both, in this process: the
small preset (224 px, images decoded once before the first sample) and the
paper's crops (512 px, each image decoded for each sample, as for data sets that
do not fit into memory).
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import mmdet_mal  # noqa: F401  its shields come before mmdet
import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import DATASETS
from torch.utils.data import default_collate

from benchmarks.commandline import make_parser, run, set_threads
from benchmarks.inputs import BoxFile, fullest_images
from benchmarks.same_model import SMALL, VIT_B, boxes_to_train, config_for
from benchmarks.side_by_side import side_by_side
from mmdet_mal.datasets.samplers.sample_key import SampleKey
from mmdet_mal.datasets.seeded_samples import SeededSamples
from mmdet_mal.utils.randomness import seeded

BOXES = 400
BATCH = 16


def make_paths(config: Config, data: BoxFile,
               order: list[int]) -> dict[str, Callable[[], object]]:
    """Textbook and ours, each reading the samples of ``order`` in batches.

    Ours gives bytes, which the model normalises in the step; the textbook
    normalises here.
    """
    boxes = boxes_to_train(config, data)
    dataset = SeededSamples(DATASETS.build(config.train_dataloader.dataset))
    batches = [order[i:i + BATCH] for i in range(0, len(order), BATCH)]

    def textbook() -> None:
        for batch in batches:
            samples = []
            for index in batch:
                with seeded(0, 0, 0, index):
                    samples.append(boxes[index])
            default_collate(samples)

    def ours() -> None:
        for batch in batches:
            samples = [dataset[SampleKey(index, 0, 0)] for index in batch]
            for view in ('student', 'teacher'):
                torch.stack([sample['inputs'][view] for sample in samples])

    return dict(textbook=textbook, ours=ours)


def measure(args: argparse.Namespace) -> list[dict]:
    """Time both presets."""
    set_threads(args.threads)
    results = []
    with tempfile.TemporaryDirectory() as temporary:
        data = fullest_images('coco_mini', Path(temporary), BOXES)
        for title, path in (('loader, small preset, 224 px, images cached', SMALL),
                            ('loader, paper, 512 px, decoded per sample', VIT_B)):
            config = config_for(path, data, workers=0)
            count = len(boxes_to_train(config, data))
            order = np.random.default_rng(0).permutation(count)
            order = order[:args.samples].tolist()
            result = side_by_side(title, make_paths(config, data, order),
                                  args.rounds,
                                  inputs=f'{len(order)} samples of {data.name}')
            rates = {name: len(order) / seconds['median']
                     for name, seconds in result['cpu_seconds'].items()}
            result['samples_per_cpu_second'] = rates
            result['notes'] = ['samples a second of one core: textbook '
                               f"{rates['textbook']:.1f}, ours {rates['ours']:.1f}"]
            results.append(result)
    return results


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options beside the common ones."""
    parser.add_argument('--samples', type=int, default=64,
                        help='read in a round (default: %(default)s)')


def main() -> None:
    parser = make_parser(__doc__)
    add_arguments(parser)
    run(parser, measure, quick=dict(samples=BATCH))


if __name__ == '__main__':
    main()
