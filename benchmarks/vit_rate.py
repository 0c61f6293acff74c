"""ViT-B/16 at 512 px: share of the arithmetic rate that this machine reaches.

    OMP_NUM_THREADS=1 python -m benchmarks.vit_rate [--rounds 3] [--side 512]

Times the encoder's forward pass and a whole training step (student forward and
backward, teacher forward, decoders, losses, AdamW) of one crop with random
weights, and in turn a matrix product of 4096 x 4096 in the same precision: the
rate that no code passes.  Arithmetic is counted by torch's counter on the
textbook network, and by formula.  fp32, and bf16 where the processor computes in
it (AVX512-BF16 or AMX) or with --bf16.
"""

import argparse
import contextlib
import tempfile
from functools import partial
from pathlib import Path

import torch
from mmengine.registry import DATASETS
from torch import Tensor
from torch.utils.data import default_collate

from benchmarks.commandline import make_parser, run, set_threads
from benchmarks.flops import Shapes, counted, encoder, parts_of_step
from benchmarks.inputs import drawn_images
from benchmarks.machine import has_bf16
from benchmarks.same_model import (VIT_B, boxes_to_train, build_ours,
                                   config_for, recipe_of, textbook_network)
from benchmarks.side_by_side import side_by_side
from benchmarks.textbook.training import Trainer
from mmdet_mal.engine.student_optim import StudentOptimWrapperConstructor

ROUNDS = 3
SIDE = 512  # of a crop, px
QUICK_SIDE = 224
MATMUL_SIDE = 4096
SHARE_TARGET = .7


def matmul_flops(side: int = MATMUL_SIDE) -> int:
    """Of the product of two square matrices."""
    return 2 * side**3


def rates(result: dict, flops: dict[str, int]) -> dict[str, float]:
    """Median arithmetic rate by name of a path, in GFLOP/s."""
    return {name: flops[name] / seconds['median'] / 1e9
            for name, seconds in result['seconds'].items()}


class Steps:
    """A forward pass and a training step of both, on the same crop.

    Args:
        folder (Path): Where the drawn image goes.
        precision (torch.dtype): fp32, or bf16 under autocast (ours alone).
        side (int): Of the crop, px; whole patches.
    """

    def __init__(self, folder: Path, precision: torch.dtype,
                 side: int = SIDE) -> None:
        data = drawn_images(folder, 1, 1, (1600, 2000))
        config = config_for(VIT_B, data, workers=0)
        config.model.network.encoder.img_size = side
        for step in config.train_dataloader.dataset.pipeline:
            if step['type'].endswith('CropBox'):
                step['size'] = (side, side)
        self.precision = precision
        self.model = build_ours(config).train()
        self.trainer = Trainer(
            textbook_network(config, self.model.student).train(),
            recipe_of(config))
        self.batch = default_collate([boxes_to_train(config, data)[0]])
        item = DATASETS.build(config.train_dataloader.dataset)[0]
        self.item = {key: {view: [value] for view, value in views.items()}
                     for key, views in item.items()}
        self.optimizer = StudentOptimWrapperConstructor(
            {key: value for key, value in config.optim_wrapper.items()
             if key != 'constructor'})(self.model)
        self.crop = self.batch['student']

    def autocast(self) -> contextlib.AbstractContextManager:
        """The precision of ours."""
        if self.precision == torch.float32:
            return contextlib.nullcontext()
        return torch.autocast('cpu', self.precision)

    def textbook_forward(self) -> Tensor:
        with torch.no_grad():
            return self.trainer.student.encoder(self.crop)[0]

    def ours_forward(self) -> Tensor:
        with torch.no_grad(), self.autocast():
            return self.model.teacher.extract(self.crop)[0]

    def textbook_step(self) -> dict[str, float]:
        return self.trainer.step(self.batch)

    def ours_step(self) -> None:
        data = self.model.data_preprocessor(
            {key: dict(views) for key, views in self.item.items()}, True)
        with self.autocast():
            losses = self.model(**data, mode='loss')
        loss, _ = self.model.parse_losses(losses)
        self.optimizer.update_params(loss)
        share = self.trainer.recipe.momentum
        with torch.no_grad():
            for mine, theirs in zip(self.model.teacher.parameters(),
                                    self.model.student.parameters(),
                                    strict=True):
                mine.lerp_(theirs, share)


def measure(args: argparse.Namespace) -> list[dict]:
    """Time both, in each precision."""
    set_threads(args.threads)
    precisions = [torch.float32]
    if args.bf16 or has_bf16():
        precisions.append(torch.bfloat16)
    results = []
    for precision in precisions:
        with tempfile.TemporaryDirectory() as folder:
            steps = Steps(Path(folder), precision, args.side)
        set_threads(args.threads)
        name = str(precision).removeprefix('torch.')
        shapes = Shapes(crop=args.side)
        matrix = torch.randn(MATMUL_SIDE, MATMUL_SIDE).to(precision)
        for what, textbook, ours, formula in (
                ('forward pass', steps.textbook_forward, steps.ours_forward,
                 encoder(shapes)),
                ('training step', steps.textbook_step, steps.ours_step,
                 parts_of_step(shapes)['step'])):
            work = counted(textbook)
            paths = {'textbook (fp32)': textbook, f'ours ({name})': ours,
                     f'matmul ({name})': partial(torch.matmul, matrix, matrix)}
            flops = dict(zip(paths, (work, work, matmul_flops()), strict=True))
            result = side_by_side(f'ViT-B/16, {args.side} px, {what}', paths,
                                  args.rounds, inputs='1 crop')
            rate = rates(result, flops)
            floor = rate[f'matmul ({name})']
            result.update(
                gflops={k: v / 1e9 for k, v in flops.items()},
                gflops_per_second=rate,
                share={k: v / floor for k, v in rate.items()},
                share_target=SHARE_TARGET,
                notes=[f'{what}, {name}: {work / 1e9:.0f} GFLOP counted '
                       f'({formula / 1e9:.0f} by formula); GFLOP/s ' + ', '.join(
                           f'{k} {v:.1f} ({v / floor:.0%} of the product)'
                           for k, v in rate.items())
                       + f'; aim {SHARE_TARGET:.0%}'])
            results.append(result)
    return results


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options beside the common ones."""
    parser.add_argument('--side', type=int, default=SIDE,
                        help='of the crop, a multiple of 16 (%(default)s)')
    parser.add_argument('--bf16', action='store_true',
                        help='also where the processor only imitates it')


def main() -> None:
    parser = make_parser(__doc__, ROUNDS)
    add_arguments(parser)
    run(parser, measure, quick=dict(side=QUICK_SIDE))


if __name__ == '__main__':
    main()
