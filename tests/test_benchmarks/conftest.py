"""A tiny network and drawn images, so that both paths run in a second."""

import dataclasses
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from torch.utils.data import default_collate

from benchmarks import same_model
from benchmarks.inputs import BoxFile, drawn_images
from benchmarks.textbook.training import Trainer
from mmdet_mal.utils.randomness import seeded

SIDE = 64   # of a crop, px
WIDTH = 48  # of a token


@pytest.fixture(scope='session')
def drawn(tmp_path_factory) -> BoxFile:
    """Three drawn images with 12 boxes of 8 to 60 px a side each."""
    return drawn_images(tmp_path_factory.mktemp('drawn'), 3, 12, (300, 400))


@pytest.fixture
def tiny_config(drawn, monkeypatch) -> Config:
    """The small preset with a tiny network, 64 px crops and random weights."""
    return make_tiny(same_model.SMALL, drawn, monkeypatch)


@pytest.fixture
def tiny_instant(drawn, monkeypatch) -> Config:
    """The instant labeller, made small in the same way."""
    return make_tiny(same_model.INSTANT, drawn, monkeypatch)


def make_tiny(path: Path, data: BoxFile, monkeypatch) -> Config:
    monkeypatch.setattr(same_model, 'weights', lambda: None)
    config = same_model.config_for(path, data, workers=0)
    network = config.model.get('network', config.model)
    network.encoder.update(
        arch=dict(embed_dims=WIDTH, num_layers=3, num_heads=3,
                  feedforward_channels=96),
        img_size=SIDE, out_indices=[0, 2])
    if 'decoder' in network:
        network.encoder.frozen_stages = 1
        network.decoder.update(in_channels=[WIDTH, WIDTH], channels=16)
        config.train_dataloader.dataset.min_area = 30
        config.train_dataloader.batch_size = 6
        config.auto_scale_lr.base_batch_size = 6
        config.train_dataloader.dataset.pipeline[2].size = (SIDE, SIDE)
        config.model.quality = None
    config.test_dataloader.dataset.pipeline[1].size = (SIDE, SIDE)
    return config


@pytest.fixture
def tiny_model(tiny_config):
    """The small preset's labeller, with scores far enough from 0 to compare."""
    model = same_model.build_ours(tiny_config)
    # Random weights score about 0 everywhere, where rounding decides.
    with torch.no_grad():
        for network in (model.student, model.teacher):
            network.decoder.key[0].weight.mul_(60)
    return model


@pytest.fixture
def trained_model(tiny_config, tiny_model, drawn):
    """The small preset's labeller after 40 steps, so that it draws masks."""
    recipe = dataclasses.replace(
        same_model.recipe_of(tiny_config), lr=5e-3, lr_rise=0, lr_start=1.,
        momentum=.2)
    trainer = Trainer(
        same_model.textbook_network(tiny_config, tiny_model.student), recipe)
    boxes = same_model.boxes_to_train(tiny_config, drawn)
    with seeded(0):
        for step in range(40):
            trainer.step(default_collate(
                [boxes[(12 * step + i) % len(boxes)] for i in range(12)]))
    tiny_model.student.load_state_dict(trainer.student.state_dict())
    tiny_model.teacher.load_state_dict(trainer.teacher.state_dict())
    return tiny_model.eval()
