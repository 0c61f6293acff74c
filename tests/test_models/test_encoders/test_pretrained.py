"""Published ViT layouts load strictly and give the same features."""
import re

import pytest
import torch
from torch import nn

from mmdet_mal.engine.checkpoint import CheckpointError
from mmdet_mal.models.encoders.convert import convert_official_vit
from mmdet_mal.models.encoders.pretrained import (fit_pos_embed,
                                                  load_pretrained_encoder)
from mmdet_mal.registry import MODELS

DIM, DEPTH, HEADS = 32, 3, 2


def build(img_size=32, depth=DEPTH, **kwargs):
    arch = dict(embed_dims=DIM, num_layers=depth, num_heads=HEADS,
                feedforward_channels=64)
    encoder = MODELS.build(
        dict(type='mmpretrain.VisionTransformer', arch=arch,
             img_size=img_size, patch_size=16, out_type='featmap', **kwargs))
    encoder.eval()  # mmpretrain's returns None
    return encoder


class OfficialBlock(nn.Module):
    """A pre-norm block with the names and the maths of the DeiT release."""

    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = (nn.LayerNorm(DIM, eps=1e-6)
                                  for _ in range(2))
        self.attn = nn.Module()
        self.attn.qkv = nn.Linear(DIM, 3 * DIM)
        self.attn.proj = nn.Linear(DIM, DIM)
        self.mlp = nn.Module()
        self.mlp.fc1 = nn.Linear(DIM, 64)
        self.mlp.fc2 = nn.Linear(64, DIM)

    def forward(self, x):
        n, t, _ = x.shape
        qkv = self.attn.qkv(self.norm1(x)).reshape(n, t, 3, HEADS, -1)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        weight = (q @ k.mT / (DIM // HEADS)**.5).softmax(-1)
        x = x + self.attn.proj((weight @ v).transpose(1, 2).flatten(2))
        return x + self.mlp.fc2(nn.functional.gelu(
            self.mlp.fc1(self.norm2(x))))


class OfficialViT(nn.Module):
    """ViT with DeiT's key layout, written from the ViT paper."""

    def __init__(self, grid=2):
        super().__init__()
        self.cls_token = nn.Parameter(torch.randn(1, 1, DIM))
        self.pos_embed = nn.Parameter(torch.randn(1, 1 + grid**2, DIM))
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv2d(3, DIM, 16, 16)
        self.blocks = nn.ModuleList(OfficialBlock() for _ in range(DEPTH))
        self.norm = nn.LayerNorm(DIM, eps=1e-6)
        self.head = nn.Linear(DIM, 10)

    def forward(self, x):
        x = self.patch_embed.proj(x)
        size = x.shape[-2:]
        x = x.flatten(2).mT
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1)
        x = x + self.pos_embed
        for block in self.blocks:
            x = block(x)
        return self.norm(x)[:, 1:].mT.unflatten(2, size)


@pytest.fixture
def official():
    torch.manual_seed(0)
    return OfficialViT().eval()


def save(tmp_path, content):
    path = tmp_path / 'weights.pth'
    torch.save(content, path)
    return str(path)


def test_converted_deit_gives_the_official_features(official, tmp_path):
    encoder = build()
    load_pretrained_encoder(
        encoder, save(tmp_path, {'model': official.state_dict()}))
    images = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(encoder(images)[0], official(images),
                               atol=1e-5, rtol=1e-5)


def test_mae_decoder_and_head_are_left_out(official):
    state = official.state_dict()
    for key in ('decoder_blocks.0.norm1.weight', 'mask_token',
                'decoder_pos_embed', 'decoder_pred.bias'):
        state[key] = torch.zeros(1)
    assert set(convert_official_vit(state)) == set(build().state_dict())


def test_mmpretrain_classifier_checkpoint_loads(tmp_path):
    source, target = build(), build()
    state = {f'backbone.{k}': v for k, v in source.state_dict().items()}
    state['head.layers.head.weight'] = torch.zeros(2)
    load_pretrained_encoder(target, save(tmp_path, {'state_dict': state}))
    for key, tensor in source.state_dict().items():
        assert torch.equal(tensor, target.state_dict()[key])


def test_position_embedding_is_interpolated_once_at_load(official, tmp_path):
    encoder = build(img_size=64)
    load_pretrained_encoder(
        encoder, save(tmp_path, {'model': official.state_dict()}))
    assert encoder.pos_embed.shape == (1, 1 + 16, DIM)
    # The class token's embedding is no position: it stays as it is.
    assert torch.equal(encoder.pos_embed[:, 0], official.pos_embed[:, 0])


def test_a_shortened_encoder_takes_its_own_blocks(official, tmp_path):
    encoder = build(depth=2, final_norm=False, out_indices=(0, 1))
    load_pretrained_encoder(
        encoder, save(tmp_path, {'model': official.state_dict()}))
    assert torch.equal(encoder.layers[1].attn.qkv.weight,
                       official.blocks[1].attn.qkv.weight)


def test_constant_position_embedding_stays_constant():
    pos_embed = torch.full((1, 1 + 9, DIM), 2.5)
    fitted = fit_pos_embed(pos_embed, build(img_size=64))
    torch.testing.assert_close(fitted, torch.full((1, 17, DIM), 2.5))


def _drop(state):
    del state['blocks.1.attn.qkv.bias']


def _add(state):
    state['blocks.1.gamma'] = torch.zeros(1)


def _reshape(state):
    state['blocks.0.mlp.fc1.bias'] = torch.zeros(7)


@pytest.mark.parametrize('spoil, named', [
    (_drop, 'layers.1.attn.qkv.bias'),
    (_add, 'layers.1.gamma'),
    (_reshape, 'layers.0.ffn.layers.0.0.bias'),
], ids=['missing', 'unexpected', 'other shape'])
def test_a_key_that_does_not_match_is_an_error_that_names_it(
        official, tmp_path, spoil, named):
    state = official.state_dict()
    spoil(state)
    path = save(tmp_path, {'model': state})
    with pytest.raises(CheckpointError, match=re.escape(named)) as error:
        load_pretrained_encoder(build(), path)
    assert path in str(error.value)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(CheckpointError, match='nowhere.pth'):
        load_pretrained_encoder(build(), str(tmp_path / 'nowhere.pth'))


def test_real_deit_tiny_loads(deit_weights):
    encoder = MODELS.build(
        dict(type='mmpretrain.VisionTransformer', arch='deit-tiny',
             img_size=192, patch_size=16, out_type='featmap'))
    load_pretrained_encoder(encoder, str(deit_weights))
    encoder.eval()
    with torch.no_grad():
        feats = encoder(torch.zeros(1, 3, 192, 192))
    assert feats[0].shape == (1, 192, 12, 12)
