"""Registers: in the attention, not in the map."""

import pytest
import torch

TYPE = 'mmdet_mal.RegisterVisionTransformer'


def test_map_holds_the_patches_only(build_vit, randomise):
    encoder = randomise(build_vit(img_size=64, type=TYPE))
    assert encoder(torch.randn(2, 3, 64, 32))[0].shape == (2, 32, 4, 2)
    assert encoder.pos_embed.shape[1] == 1 + 16


def test_registers_change_the_features(build_vit, randomise):
    encoder = randomise(build_vit(type=TYPE))
    x = torch.randn(1, 3, 32, 32)
    before = encoder(x)[0]
    with torch.no_grad():
        encoder.register_tokens.neg_()
    assert not torch.allclose(before, encoder(x)[0])


def test_raw_tokens_keep_the_registers(build_vit):
    encoder = build_vit(type=TYPE, out_type='raw', num_registers=3)
    assert encoder(torch.randn(1, 3, 32, 32))[0].shape == (1, 1 + 3 + 4, 32)


def test_class_token_comes_before_the_registers(build_vit, randomise):
    """The two outputs differ in their format only."""
    torch.manual_seed(0)
    encoder = randomise(build_vit(type=TYPE, out_type='raw'))
    x = torch.randn(1, 3, 32, 32)
    raw, = encoder(x)
    encoder.out_type = 'cls_token'
    assert torch.equal(encoder(x)[0], raw[:, 0])
    encoder.out_type = 'featmap'
    assert torch.equal(encoder(x)[0].flatten(2).mT, raw[:, 5:])


def test_frozen_first_blocks_freeze_the_registers(build_vit):
    assert not build_vit(type=TYPE, frozen_stages=1).register_tokens.requires_grad
    assert build_vit(type=TYPE).register_tokens.requires_grad


def test_registers_start_near_zero_but_not_alike(build_vit):
    torch.manual_seed(0)
    encoder = build_vit(type=TYPE)
    encoder.init_weights()
    assert 0 < encoder.register_tokens.abs().max() < 1e-5


def test_no_registers_are_refused(build_vit):
    with pytest.raises(ValueError, match='num_registers'):
        build_vit(type=TYPE, num_registers=0)
