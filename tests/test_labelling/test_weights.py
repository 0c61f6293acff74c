"""Which weights label: a checkpoint, the config's own, or a clear refusal."""

import pytest
import torch
from mmengine.config import Config

from mmdet_mal.engine.checkpoint import CheckpointError
from mmdet_mal.labelling.weights import (choose_weights, load_own_weights,
                                         needs_checkpoint)
from mmdet_mal.registry import MODELS
from mmdet_mal.utils.errors import UserError

TRAINED = dict(type='mmdet_mal.MaskAutoLabeler')
INSTANT = dict(
    type='mmdet_mal.InstantLabeler',
    encoder=dict(
        type='mmpretrain.VisionTransformer',
        arch=dict(embed_dims=16, num_layers=1, num_heads=2,
                  feedforward_channels=32),
        img_size=32, patch_size=16, out_type='featmap', final_norm=False))


@pytest.fixture
def weights(tmp_path):
    """A file for the instant labeller's encoder; all its tensors are 2."""
    state = MODELS.build(INSTANT['encoder']).state_dict()
    path = tmp_path / 'encoder.pth'
    torch.save({f'backbone.{key}': torch.full_like(tensor, 2.)
                for key, tensor in state.items()}, path)
    return str(path)


@pytest.mark.parametrize('model, needed', [
    pytest.param(TRAINED, True, id='trained'),
    pytest.param(INSTANT, False, id='instant'),
    pytest.param(dict(type='mmdet.MaskRCNN'), True, id='of another package'),
    pytest.param(None, True, id='no model'),
])
def test_only_the_instant_labeller_needs_no_checkpoint(model, needed):
    assert needs_checkpoint(Config(dict(model=model))) is needed


def test_a_trained_labeller_without_checkpoint_is_refused():
    with pytest.raises(UserError, match='name the checkpoint behind the config'):
        choose_weights(Config(dict(model=TRAINED)))


@pytest.mark.parametrize('model', [TRAINED, INSTANT], ids=['trained', 'instant'])
def test_a_checkpoint_counts_for_both(model, weights):
    config = Config(dict(model=model, load_from='other.pth'))
    choose_weights(config, weights)
    assert config.load_from == weights


def test_the_configs_own_checkpoint_counts_where_none_is_named(weights):
    config = Config(dict(model=TRAINED, load_from=weights))
    choose_weights(config)
    assert config.load_from == weights


@pytest.mark.parametrize('config, checkpoint', [
    pytest.param(dict(model=TRAINED), 'none.pth', id='checkpoint'),
    pytest.param(dict(model=dict(INSTANT, pretrained='none.pth')), None,
                 id='pretrained'),
])
def test_a_missing_file_fails_at_once(config, checkpoint):
    with pytest.raises(CheckpointError, match='none.pth: no such checkpoint'):
        choose_weights(Config(config), checkpoint)


def test_own_weights_are_loaded(weights):
    config = Config(dict(model=dict(INSTANT, pretrained=weights)))
    model = MODELS.build(config.model)
    choose_weights(config)
    load_own_weights(config, model)
    assert all((p == 2).all() for p in model.encoder.parameters())


def test_a_checkpoint_is_left_to_the_runner(weights):
    config = Config(dict(model=dict(INSTANT, pretrained='none.pth')))
    model = MODELS.build(config.model)
    choose_weights(config, weights)
    load_own_weights(config, model)
    assert not any((p == 2).all() for p in model.encoder.parameters())
