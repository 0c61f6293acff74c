"""The labeller's configs: they load, and their parts fit one another."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from mmdet_mal.registry import HOOKS, MODELS, OPTIM_WRAPPER_CONSTRUCTORS

CONFIGS = sorted(
    (Path(__file__).resolve().parents[2] / 'configs/mal').glob('mal_*.py'))


@pytest.fixture(params=CONFIGS, ids=lambda path: path.stem)
def cfg(request):
    return Config.fromfile(request.param)


@pytest.mark.parametrize('crop', ['training', 'labels'])
def test_the_model_scores_a_crop_of_the_configs_size(cfg, crop):
    """Without memory or arithmetic: on the meta device."""
    trained, labelled = (cfg.train_pipeline[2]['size'],
                         cfg.test_pipeline[1]['size'])
    assert trained <= labelled
    size = trained if crop == 'training' else labelled
    with torch.device('meta'):
        model = MODELS.build(cfg.model)
        crops = torch.zeros(2, 3, *size)
    feats = model.student.extract(crops)
    head = model.student.decoder
    assert len(feats) == len(cfg.model.network.decoder.in_channels)
    assert head.fuse(feats).shape[:1] == (2, )
    for feat, channels in zip(feats, cfg.model.network.decoder.in_channels,
                              strict=True):
        assert feat.shape[1] == channels


def test_the_grouping_loss_reads_a_frozen_map():
    configs = [Config.fromfile(path) for path in CONFIGS]
    grouped = [cfg for cfg in configs if cfg.model.get('grouping_loss')]
    assert grouped
    for cfg in grouped:
        encoder = cfg.model.network.encoder
        assert encoder.out_indices[0] < encoder.frozen_stages


def test_hooks_and_optimizer_are_registered(cfg):
    assert OPTIM_WRAPPER_CONSTRUCTORS.get(cfg.optim_wrapper.constructor)
    for hook in cfg.custom_hooks:
        assert HOOKS.get(hook.type) is not None, hook.type


def test_training_reads_boxes_without_masks(cfg):
    """Only BoxInstanceDataset, which drops segmentation while parsing."""
    assert cfg.train_dataloader.dataset.type == 'mmdet_mal.BoxInstanceDataset'
    assert cfg.test_dataloader.dataset.type == 'mmdet_mal.LabelChunkDataset'
