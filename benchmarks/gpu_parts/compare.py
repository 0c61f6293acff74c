"""Ours against the textbook, alternating in this process."""

from typing import Any

import torch
from torch import Tensor

from benchmarks.gpu_parts.setup import (CPU_CONFIG, Bench, build_model,
                                        draw_batches, load, training)
from benchmarks.side_by_side import side_by_side

# Most that the textbook's attention weights of 12 heads let fit beside ours.
_BATCH = 16


def training_step(bench: Bench) -> dict:
    """A step of ours from raw windows, and the textbook's from ready crops.

    The textbook runs under fp16 autocast on a GPU (bf16 elsewhere, which a dry
    run tries out); cropping and colours, which ours does within the step, are
    done for it before.
    """
    from benchmarks.same_model import recipe_of, textbook_network
    from benchmarks.textbook.training import Trainer
    config = load(bench)
    model = build_model(bench, config)
    batches = draw_batches(bench, config, 2 if bench.tiny else _BATCH)
    data = model.data_preprocessor(dict(batches[0]), True)
    samples = data['data_samples']['student']
    ready = dict(
        data['inputs'], box=torch.cat([s.gt_instances.bboxes for s in samples]),
        valid=_column(bench, [s.valid_bbox.tolist() for s in samples]),
        area=_column(bench, [float(s.box_area) for s in samples]))
    network = textbook_network(load(bench, CPU_CONFIG), model.student)
    _scores_in_fp32(network.decoder)
    trainer = Trainer(network.to(bench.device).train(), recipe_of(config))
    step = training(bench, config, model, batches)
    half = torch.float16 if bench.device.type == 'cuda' else torch.bfloat16

    def textbook() -> None:
        # The device, as the textbook makes its masks where torch makes them.
        with bench.device, torch.autocast(bench.device.type, half):
            trainer.step(ready)

    result = side_by_side(
        'training step', dict(textbook=textbook, ours=step),
        bench.rounds, warmup=2,
        inputs=f'batch of {len(samples)} crops of {bench.shapes.crop} px')
    return dict(result, target=3.0)


def mean_field(bench: Bench) -> dict:
    """The mean field on the maps of 16 crops, kernel included."""
    from benchmarks.textbook.mean_field import crf_marginals as textbook
    from mmdet_mal.models.mean_field import crf_marginals as ours
    size = bench.shapes.crop // 4
    generator = torch.Generator().manual_seed(0)
    image = torch.randn(16, 3, size // 4, size // 4, generator=generator)
    image = torch.nn.functional.interpolate(
        image, scale_factor=4, mode='bilinear').to(bench.device)
    prob = torch.rand(16, size, size, generator=generator).to(bench.device)
    valid = torch.ones(16, size, size, dtype=torch.bool, device=bench.device)
    constants = dict(zeta=0.5, omega=2.0, clamp=1e-4, max_iters=100)
    labels = [call(prob, image, valid, **constants) > 0.5
              for call in (textbook, ours)]
    result = side_by_side(
        'mean field', dict(
            textbook=lambda: textbook(prob, image, valid, **constants),
            ours=lambda: ours(prob, image, valid, **constants)),
        bench.rounds, warmup=2, inputs=f'16 maps of {size} x {size}')
    equal = (labels[0] == labels[1]).float().mean().item()
    return dict(result, target=10.0, notes=[f'{equal:.4%} of the labels equal'])


def _scores_in_fp32(decoder: torch.nn.Module) -> None:
    """Let the textbook's decoder, written for fp32, run under autocast.

    It puts the scores of each resolution into one map, which must be of their
    precision.
    """
    scores = decoder._scores
    decoder._scores = lambda feat, half: scores(feat, half).float()


def _column(bench: Bench, values: list[Any]) -> Tensor:
    return torch.tensor(values, dtype=torch.float32, device=bench.device)
