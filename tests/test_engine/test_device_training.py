"""Whole trainings whose crops the device makes."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

from .conftest import CONFIG


class _Losses(Hook):
    """Keeps the losses of each step."""

    def __init__(self):
        self.steps = []

    def after_train_iter(self, runner, batch_idx, data_batch=None,
                         outputs=None):
        self.steps.append({key: value.item() for key, value in outputs.items()})


def as_windows(config):
    """The lines of mal_vit-mae-b_gpu_coco.py on another config."""
    load, expand, crop, flip, branch = config.train_dataloader.dataset.pipeline
    *colour, pack = branch['student']
    config.train_dataloader.dataset.pipeline = [
        load, expand, dict(crop, type='mmdet_mal.CutWindow'), flip,
        dict(type='mmdet_mal.DrawColour', transforms=colour),
        dict(pack, type='mmdet_mal.PackWindow')]
    config.train_dataloader.collate_fn = dict(type='mmdet_mal.collate_windows')
    config.model.data_preprocessor.type = 'mmdet_mal.WindowDataPreprocessor'


@pytest.fixture(scope='module')
def train(tiny_data, tmp_path_factory):
    def run(name, windows, **options):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv('MAL_TINY_ROOT', str(tiny_data))
            config = Config.fromfile(CONFIG)
        config.merge_from_dict({'train_cfg.max_epochs': 1, **options})
        if windows:
            as_windows(config)
        config.work_dir = str(tmp_path_factory.mktemp(name))
        config.experiment_name = f'device_training_{name}'
        runner, losses = Runner.from_cfg(config), _Losses()
        runner.register_hook(losses)
        runner.train()
        return losses.steps, runner.model.state_dict()

    return run


@pytest.fixture(scope='module')
def ours(train):
    return train('windows', windows=True)


def test_the_losses_are_those_of_the_cpu_pipeline(train, ours):
    """Bound: one percent, over three steps at a high learning rate."""
    plain, _ = train('plain', windows=False)
    assert len(plain) == len(ours[0]) == 3
    for cpu, device in zip(plain, ours[0], strict=True):
        for name in ('loss_mil', 'loss_crf'):
            assert np.isclose(cpu[name], device[name], rtol=.01), name


def test_workers_and_switches_change_nothing(train, ours):
    """Two workers, the fused kernels of AdamW aside, and checkpointing."""
    steps, state = train('workers', windows=True, **{
        'train_dataloader.num_workers': 2,
        'default_hooks.checkpointing': dict(
            type='mmdet_mal.ActivationCheckpointHook')})
    assert steps == ours[0]
    assert all(torch.equal(state[key], value) for key, value in ours[1].items())
