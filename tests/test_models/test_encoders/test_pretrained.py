"""Weights load strictly; another architecture is one clear line."""
import re

import pytest
import torch
from mmengine.logging import MMLogger
from torch import nn

from mmdet_mal.engine.checkpoint import CheckpointError
from mmdet_mal.models.encoders.pretrained import (fit_pos_embed,
                                                  load_pretrained_encoder)
from mmdet_mal.registry import MODELS

REGISTERS = 'mmdet_mal.RegisterVisionTransformer'


@pytest.fixture
def official(official_vit):
    return official_vit()


def build_swin(**kwargs):
    arch = dict(embed_dims=8, depths=(1, 1), num_heads=(1, 2))
    return MODELS.build({
        'type': 'mmpretrain.SwinTransformer', 'arch': arch, 'img_size': 32,
        'window_size': 4, 'out_indices': (1, ), **kwargs
    })


def build_convnext(depths=(1, 1, 1, 1), channels=(8, 8, 8, 8), **kwargs):
    return MODELS.build({
        'type': 'mmpretrain.ConvNeXt', 'out_indices': (3, ),
        'arch': dict(depths=depths, channels=channels),
        'gap_before_final_norm': False, **kwargs
    })


@pytest.mark.parametrize('build', ['vit', build_swin, build_convnext],
                         ids=['ViT', 'Swin', 'ConvNeXt'])
def test_mmpretrain_classifier_checkpoint_loads(build, build_vit, save,
                                                randomise):
    build = build_vit if build == 'vit' else build
    source, target = randomise(build()), build()
    state = {f'backbone.{k}': v for k, v in source.state_dict().items()}
    state['head.layers.head.weight'] = torch.zeros(2)
    load_pretrained_encoder(target, save({'state_dict': state}))
    for key, tensor in source.state_dict().items():
        assert torch.equal(tensor, target.state_dict()[key])


def test_position_embedding_is_interpolated_once_at_load(official, build_vit,
                                                         save):
    encoder = build_vit(img_size=64)
    load_pretrained_encoder(encoder, save({'model': official.state_dict()}))
    assert encoder.pos_embed.shape == (1, 1 + 16, 32)
    # The class token's embedding is no position: it stays as it is.
    assert torch.equal(encoder.pos_embed[:, 0], official.pos_embed[:, 0])


def test_constant_position_embedding_stays_constant(build_vit):
    pos_embed = torch.full((1, 1 + 9, 32), 2.5)
    fitted = fit_pos_embed(pos_embed, build_vit(img_size=64))
    torch.testing.assert_close(fitted, torch.full((1, 17, 32), 2.5))


def test_a_shortened_encoder_takes_its_own_blocks(official, build_vit, save):
    encoder = build_vit(depth=2, final_norm=False, out_indices=(0, 1))
    load_pretrained_encoder(encoder, save({'model': official.state_dict()}))
    assert torch.equal(encoder.layers[1].attn.qkv.weight,
                       official.blocks[1].attn.qkv.weight)


@pytest.mark.parametrize('build', [build_swin, build_convnext],
                         ids=['Swin', 'ConvNeXt'])
def test_norms_of_earlier_maps_start_fresh(build, save, randomise):
    """A classifier has none; everything else comes from the file."""
    source, target = randomise(build()), build(out_indices=(0, 1))
    state = source.state_dict()
    load_pretrained_encoder(target, save(state))
    own = target.state_dict()
    assert torch.equal(own['norm0.weight'], torch.ones(8))
    for key in own.keys() - {'norm0.weight', 'norm0.bias', 'norm1.weight',
                             'norm1.bias'}:
        assert torch.equal(own[key], state[key]), key


def test_a_missing_norm_of_the_last_map_is_an_error(save):
    state = build_swin().state_dict()
    del state['norm1.weight']
    with pytest.raises(CheckpointError, match='1 missing: norm1.weight'):
        load_pretrained_encoder(build_swin(), save(state))


@pytest.mark.parametrize('name, level, terms', [
    ('mae_pretrain_vit_base.pth', 'INFO', 'CC BY-NC 4.0: not for commercial'),
    ('mine.pth', 'WARNING', 'licence of these weights: unknown'),
], ids=['known', 'unknown'])
def test_the_licence_is_logged_with_the_weights(official, build_vit, save,
                                                caplog, name, level, terms):
    path = save(official.state_dict(), name)
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)  # MMEngine's do not propagate
    try:
        load_pretrained_encoder(build_vit(), path)
    finally:
        logger.removeHandler(caplog.handler)
    record, = (r for r in caplog.records if 'Loaded' in r.getMessage())
    assert record.levelname == level
    assert terms in record.getMessage() and path in record.getMessage()


def _drop(state):
    del state['blocks.1.attn.qkv.bias']


def _drop_positions(state):
    del state['pos_embed']


def _add(state):
    state['blocks.1.gamma'] = torch.zeros(1)


def _reshape(state):
    state['blocks.0.mlp.fc1.bias'] = torch.zeros(7)


@pytest.mark.parametrize('spoil, named', [
    (_drop, 'layers.1.attn.qkv.bias'),
    (_drop_positions, 'pos_embed'),
    (_add, 'layers.1.gamma'),
    (_reshape, 'layers.0.ffn.layers.0.0.bias'),
], ids=['missing', 'no positions', 'unexpected', 'other shape'])
def test_a_key_that_does_not_match_is_an_error_that_names_it(
        official, build_vit, save, spoil, named):
    state = official.state_dict()
    spoil(state)
    path = save({'model': state})
    with pytest.raises(CheckpointError, match=re.escape(named)) as error:
        load_pretrained_encoder(build_vit(), path)
    assert path in str(error.value)


# Options of the published ViT, of the encoder, what the message says.
VIT_MISFITS = {
    'wrong patch size': (
        dict(patch=14), dict(),
        ['patch size 14 for 16', 'encoder.patch_size=14']),
    'another width': (
        dict(), dict(width=64), ['width 32 for 64', 'encoder.arch']),
    'too few blocks': (
        dict(), dict(depth=4), ['3 blocks for 4', 'encoder.arch']),
    'distilled weights': (
        dict(distilled=True), dict(),
        ['distillation token yes for no', 'DistilledVisionTransformer']),
    'plain weights for a distilled encoder': (
        dict(), dict(type='DistilledVisionTransformer'),
        ['distillation token no for yes', 'mmpretrain.VisionTransformer']),
    'registers not asked for': (
        dict(layer_scale=True, registers=4), dict(layer_scale_init_value=1.),
        ['register tokens 4 for 0', REGISTERS]),
    'another number of registers': (
        dict(registers=2), dict(type=REGISTERS),
        ['register tokens 2 for 4', 'encoder.num_registers']),
    'layer scale not asked for': (
        dict(layer_scale=True), dict(),
        ['layer scale yes for no', 'layer_scale_init_value']),
    'layer scale missing': (
        dict(), dict(layer_scale_init_value=1e-5),
        ['layer scale no for yes', 'layer_scale_init_value']),
}


def refusal(encoder, path):
    """The message of the one-line error that loading must end in."""
    before = {k: t.clone() for k, t in encoder.state_dict().items()}
    with pytest.raises(CheckpointError) as error:
        load_pretrained_encoder(encoder, path)
    for key, tensor in encoder.state_dict().items():
        assert torch.equal(tensor, before[key]), key
    message = str(error.value)
    assert message.startswith(path) and '\n' not in message
    return message


@pytest.mark.parametrize('options, encoder_options, said',
                         VIT_MISFITS.values(), ids=VIT_MISFITS.keys())
def test_another_vit_is_refused_in_one_line(official_vit, build_vit, save,
                                            options, encoder_options, said):
    path = save(official_vit(**options).state_dict())
    message = refusal(build_vit(**encoder_options), path)
    assert all(phrase in message for phrase in said), message
    # The architecture, not hundreds of keys.
    assert 'layers.0' not in message


@pytest.mark.parametrize('build, options, said', [
    (build_swin, dict(window_size=7),
     ['window 4 for 7', 'encoder.window_size=4']),
    (build_swin, dict(arch=dict(embed_dims=8, depths=(1, 2),
                                num_heads=(1, 2))),
     ['blocks of the stages (1, 1) for (1, 2)']),
    (build_swin, dict(arch=dict(embed_dims=16, depths=(1, 1),
                                num_heads=(1, 2))), ['width 8 for 16']),
    (build_swin, dict(patch_size=2), ['patch size 4 for 2']),
    (build_convnext, dict(depths=(1, 1, 3, 1)), ['(1, 1, 1, 1) for']),
    (build_convnext, dict(channels=(16, 8, 8, 8)), ['width 8 for 16']),
    (build_convnext, dict(use_grn=True), ['V2', 'no for yes']),
], ids=['Swin window', 'Swin depth', 'Swin width', 'Swin patch',
        'ConvNeXt depth', 'ConvNeXt width', 'ConvNeXt V2'])
def test_another_hierarchical_encoder_is_refused_in_one_line(
        save, build, options, said):
    message = refusal(build(**options), save(build().state_dict()))
    assert all(phrase in message for phrase in said), message


def test_other_families_are_refused_by_name(official, build_vit, save):
    vit = save(official.state_dict())
    assert 'holds a ViT' in (message := refusal(build_swin(), vit))
    assert 'is a Swin' in message
    swin = save(build_swin().state_dict(), 'swin.pth')
    assert 'holds a Swin' in (message := refusal(build_convnext(), swin))
    assert 'is a ConvNeXt' in message


def test_another_network_is_refused_by_its_first_keys(build_vit, save):
    path = save({'layer1.0.conv1.weight': torch.zeros(1)})
    message = refusal(build_vit(), path)
    assert 'layer1.0.conv1.weight' in message and 'expected a ViT' in message


def test_positions_of_no_square_grid_are_refused(official, build_vit, save):
    state = official.state_dict()
    state['pos_embed'] = torch.zeros(1, 1 + 5, 32)
    assert 'pos_embed has 6 tokens' in refusal(build_vit(), save(state))


def test_an_encoder_of_another_kind_takes_its_own_keys_only(save):
    source, target = nn.Linear(2, 2), nn.Linear(2, 2)
    load_pretrained_encoder(target, save(source.state_dict()))
    assert torch.equal(source.weight, target.weight)
    path = save({'weight': source.weight.data})
    assert 'bias' in refusal(nn.Linear(2, 2), path)


def test_missing_file_is_named(tmp_path, build_vit):
    with pytest.raises(CheckpointError, match='nowhere.pth'):
        load_pretrained_encoder(build_vit(), str(tmp_path / 'nowhere.pth'))


def test_real_deit_tiny_loads(deit_weights):
    encoder = MODELS.build(
        dict(type='mmpretrain.VisionTransformer', arch='deit-tiny',
             img_size=192, patch_size=16, out_type='featmap'))
    load_pretrained_encoder(encoder, str(deit_weights))
    encoder.eval()
    with torch.no_grad():
        feats = encoder(torch.zeros(1, 3, 192, 192))
    assert feats[0].shape == (1, 192, 12, 12)
