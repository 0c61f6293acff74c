"""Configs, models and batches without data or weights."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import mmdet_mal  # noqa: F401  its shields come before mmdet
import numpy as np
import torch
from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.optim import build_optim_wrapper
from mmengine.registry import FUNCTIONS, HOOKS, MODELS, init_default_scope
from torch import nn

from benchmarks.flops import Shapes
from benchmarks.inputs import REPO
from mmdet_mal.utils.randomness import seeded

CONFIG = REPO / 'configs/mal/mal_vit-mae-b_gpu_coco.py'
CPU_CONFIG = REPO / 'configs/mal/mal_vit-mae-b_coco.py'
# Of the drawn photographs that boxes are cut from; as COCO's.
_IMAGE = (480, 640)
# Such boxes take the finest score map, of stride 4, which costs most.
_LARGE_PX = 96


@dataclass(frozen=True)
class Bench:
    """What all parts share.

    Attributes:
        device (torch.device): Where it runs.
        tiny (bool): A network and crops of 64 px that a test can afford.
        deadline (float): Value of ``time.monotonic`` at which to stop.
        steps (int): Training steps of one measurement.
        crops (int): Crops of the labelling.
        rounds (int): Of comparisons.
    """

    device: torch.device
    tiny: bool
    deadline: float
    steps: int
    crops: int
    rounds: int

    @property
    def seconds_left(self) -> float:
        """Until the deadline."""
        return self.deadline - time.monotonic()

    @property
    def dtype(self) -> torch.dtype:
        """Precision of autocast: bf16 where it is supported."""
        if self.device.type == 'cuda' and not torch.cuda.is_bf16_supported():
            return torch.float16
        return torch.bfloat16

    @property
    def shapes(self) -> Shapes:
        """What decides the number of operations."""
        if self.tiny:
            return Shapes(embed_dims=32, num_layers=2, feedforward=64, crop=64,
                          channels=16)
        return Shapes()

    def synchronize(self) -> None:
        """Wait for the device."""
        if self.device.type == 'cuda':
            torch.cuda.synchronize()

    def autocast(self) -> contextlib.AbstractContextManager:
        """Mixed precision on a GPU, fp32 elsewhere."""
        return torch.autocast(self.device.type, self.dtype,
                              enabled=self.device.type == 'cuda')


def load(bench: Bench, path: Any = CONFIG) -> Config:
    """A config with random weights, made tiny if so wanted."""
    config = Config.fromfile(path)
    config.model.network.pretrained = None
    if bench.tiny:
        shapes = bench.shapes
        config.model.network.encoder.update(
            arch=dict(embed_dims=shapes.embed_dims,
                      num_layers=shapes.num_layers, num_heads=2,
                      feedforward_channels=shapes.feedforward),
            img_size=shapes.crop)
        config.model.network.decoder.update(
            in_channels=[shapes.embed_dims], channels=shapes.channels)
        for pipeline in (config.train_dataloader.dataset.pipeline,
                         config.test_dataloader.dataset.pipeline):
            for step in pipeline:
                if 'size' in step:
                    step['size'] = (shapes.crop, ) * 2
    config.log_level = 'ERROR'
    MMLogger.get_current_instance().setLevel('ERROR')
    return config


def build_model(bench: Bench, config: Config) -> nn.Module:
    """The config's model with random weights, on the device."""
    init_default_scope('mmdet')
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    model.init_weights()
    return model.to(bench.device)


def draw_samples(pipeline: list[dict], count: int, seed: int = 0) -> list[dict]:
    """Samples of large boxes on drawn photographs, through a pipeline.

    Args:
        pipeline (list[dict]): Of a config.
        count (int): How many.
        seed (int): Of the drawing and of the augmentations.
    """
    init_default_scope('mmdet')
    transforms = Compose(list(pipeline))
    rng = np.random.default_rng(seed)
    height, width = _IMAGE
    samples = []
    for i in range(count):
        image = rng.integers(0, 256, (*_IMAGE, 3), np.uint8)
        w = rng.uniform(_LARGE_PX + 1, .6 * width)
        h = rng.uniform(_LARGE_PX + 1, .6 * height)
        x, y = rng.uniform(0, width - w), rng.uniform(0, height - h)
        with seeded(seed, i):
            samples.append(transforms(dict(
                img=image, bbox=np.float32([x, y, x + w, y + h]),
                box_area=w * h, label=0, img_path='drawn', img_id=i, ann_id=i,
                sample_idx=i)))
    return samples


def draw_batches(bench: Bench, config: Config, size: int,
                 count: int = 2) -> list[dict]:
    """Training batches as a data loader hands them over."""
    loader = config.train_dataloader
    collate = FUNCTIONS.get(loader.collate_fn['type'])
    batches = []
    for i in range(count):
        batch = collate(draw_samples(loader.dataset.pipeline, size, seed=i))
        if bench.device.type == 'cuda':
            batch['inputs'] = batch['inputs'].pin_memory()
        batches.append(batch)
    return batches


def training(bench: Bench, config: Config, model: nn.Module,
             batches: list[dict]) -> Callable[[], dict]:
    """A function that makes one training step, teacher included."""
    wrapper = build_optim_wrapper(model, config.optim_wrapper)
    hook = HOOKS.build(next(dict(hook) for hook in config.custom_hooks
                            if hook['type'].endswith('MeanTeacherHook')))
    model.train()
    turns = _endless(batches)

    def step() -> dict:
        losses = model.train_step(next(turns), wrapper)
        hook.momentum_update(model, hook.momentum)
        return losses

    return step


def _endless(batches: list[dict]) -> Iterator[dict]:
    while True:
        # Containers of their own: preprocessing may put others in them.
        yield from (dict(batch) for batch in batches)
