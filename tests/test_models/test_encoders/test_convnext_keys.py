"""ConvNeXt files give their published features."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mmdet_mal.models.encoders.convnext_keys import (
    convert_official_convnext, is_mmpretrain_convnext, is_official_convnext)
from mmdet_mal.models.encoders.pretrained import load_pretrained_encoder
from mmdet_mal.registry import MODELS

DEPTHS, CHANNELS = (1, 1, 2, 1), (8, 16, 24, 32)


class _ChannelNorm(nn.Module):
    """LayerNorm over the channels of (N, C, H, W), written out as published."""

    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        mean = x.mean(1, keepdim=True)
        variance = (x - mean).pow(2).mean(1, keepdim=True)
        x = (x - mean) / torch.sqrt(variance + 1e-6)
        return self.weight[:, None, None] * x + self.bias[:, None, None]


class _Block(nn.Module):

    def __init__(self, channels):
        super().__init__()
        self.dwconv = nn.Conv2d(channels, channels, 7, padding=3,
                                groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.pwconv1 = nn.Linear(channels, 4 * channels)
        self.pwconv2 = nn.Linear(4 * channels, channels)
        self.gamma = nn.Parameter(torch.ones(channels))

    def forward(self, x):
        y = self.norm(self.dwconv(x).permute(0, 2, 3, 1))
        y = self.gamma * self.pwconv2(F.gelu(self.pwconv1(y)))
        return x + y.permute(0, 3, 1, 2)


class OfficialConvNeXt(nn.Module):
    """ConvNeXt by its paper, with the authors' key names."""

    def __init__(self):
        super().__init__()
        self.downsample_layers = nn.ModuleList([
            nn.Sequential(nn.Conv2d(3, CHANNELS[0], 4, 4),
                          _ChannelNorm(CHANNELS[0]))
        ])
        for before, after in zip(CHANNELS, CHANNELS[1:], strict=False):
            self.downsample_layers.append(nn.Sequential(
                _ChannelNorm(before), nn.Conv2d(before, after, 2, 2)))
        self.stages = nn.ModuleList(
            nn.Sequential(*(_Block(channels) for _ in range(depth)))
            for depth, channels in zip(DEPTHS, CHANNELS, strict=True))
        self.norm = nn.LayerNorm(CHANNELS[-1], eps=1e-6)
        self.head = nn.Linear(CHANNELS[-1], 10)

    def forward(self, x):
        """The map before the pooling, normalised for each pixel."""
        for downsample, stage in zip(self.downsample_layers, self.stages,
                                     strict=True):
            x = stage(downsample(x))
        return self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


@pytest.fixture
def official(randomise):
    torch.manual_seed(0)
    return randomise(OfficialConvNeXt())


def build(**kwargs):
    arch = dict(depths=DEPTHS, channels=CHANNELS)
    encoder = MODELS.build({
        'type': 'mmpretrain.ConvNeXt', 'arch': arch, 'out_indices': (3, ),
        'gap_before_final_norm': False, **kwargs
    })
    encoder.eval()
    return encoder


def test_loaded_encoder_gives_the_official_features(official, save):
    """The published norm of the downsampling is written out, mmpretrain's is
    one operation: equal to 1e-12 in double precision, not bit by bit."""
    encoder = build()
    load_pretrained_encoder(encoder, save({'model': official.state_dict()}))
    x = torch.randn(2, 3, 64, 96, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(encoder.double()(x)[0],
                                   official.double()(x), atol=1e-12, rtol=0)


def test_a_block_gives_the_official_features_bit_by_bit(official, save):
    encoder = build()
    load_pretrained_encoder(encoder, save(official.state_dict()))
    x = torch.randn(2, CHANNELS[2], 9, 11)
    with torch.no_grad():
        assert torch.equal(encoder.stages[2](x), official.stages[2](x))


def test_conversion_renames_and_changes_no_tensor(official):
    state = official.state_dict()
    converted = convert_official_convnext(state)
    assert set(converted) == set(build().state_dict())
    assert [id(t) for t in converted.values()] == [
        id(t) for key, t in state.items() if not key.startswith('head.')]


def test_layouts_are_told_apart(official):
    published, ours = official.state_dict(), build().state_dict()
    assert is_official_convnext(published)
    assert not is_mmpretrain_convnext(published)
    assert is_mmpretrain_convnext(ours) and not is_official_convnext(ours)
