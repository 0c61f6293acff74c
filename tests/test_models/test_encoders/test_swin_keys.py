"""Swin files of Microsoft give their published features."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mmdet_mal.models.encoders.pretrained import load_pretrained_encoder
from mmdet_mal.models.encoders.swin_keys import (clean_mmpretrain_swin,
                                                 convert_official_swin,
                                                 is_mmpretrain_swin,
                                                 is_official_swin,
                                                 reorder_merged_channels)
from mmdet_mal.registry import MODELS

DIM, DEPTHS, HEADS, WINDOW = 8, (2, 2), (2, 4), 4
SIDE = 32  # maps of 8 x 8 and 4 x 4: with shifted windows, and one window


class _Attention(nn.Module):
    """Attention in windows with the bias of relative positions."""

    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.relative_position_bias_table = nn.Parameter(
            torch.zeros((2 * WINDOW - 1)**2, heads))
        ys, xs = torch.meshgrid(*[torch.arange(WINDOW)] * 2, indexing='ij')
        y, x = ys.flatten(), xs.flatten()
        dy, dx = y[:, None] - y[None] + WINDOW - 1, x[:, None] - x[
            None] + WINDOW - 1
        self.register_buffer('relative_position_index',
                             dy * (2 * WINDOW - 1) + dx)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x, mask):
        n, t, c = x.shape
        qkv = self.qkv(x).reshape(n, t, 3, self.heads, -1)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        scores = q * (c // self.heads)**-0.5 @ k.transpose(-2, -1)
        index = self.relative_position_index
        bias = self.relative_position_bias_table[index]  # (t, t, heads)
        scores = scores + bias.permute(2, 0, 1)
        if mask is not None:  # (windows, t, t), the same for each image
            scores = scores.unflatten(0, (-1, len(mask)))
            scores = (scores + mask[:, None]).flatten(0, 1)
        x = scores.softmax(-1) @ v
        return self.proj(x.transpose(1, 2).reshape(n, t, c))


def _windows(x):
    """(N, H, W, C) to (N * windows, WINDOW², C)."""
    n, h, w, c = x.shape
    x = x.view(n, h // WINDOW, WINDOW, w // WINDOW, WINDOW, c)
    return x.permute(0, 1, 3, 2, 4, 5).reshape(-1, WINDOW**2, c)


class _Block(nn.Module):

    def __init__(self, dim, heads, side, shifted):
        super().__init__()
        # One window covers a small map: nothing to shift.
        self.side, self.shift = side, WINDOW // 2 * (shifted
                                                     and side > WINDOW)
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attn = _Attention(dim, heads)
        self.mlp = nn.Module()
        self.mlp.fc1 = nn.Linear(dim, 4 * dim)
        self.mlp.fc2 = nn.Linear(4 * dim, dim)
        mask = None
        if self.shift:
            zones = torch.zeros(1, side, side, 1)
            bounds = (0, side - WINDOW, side - self.shift, side)
            for i in range(3):
                for j in range(3):
                    zones[:, bounds[i]:bounds[i + 1],
                          bounds[j]:bounds[j + 1]] = 3 * i + j
            zones = _windows(zones)[..., 0]
            mask = (zones[:, None] != zones[:, :, None]) * -100.
        self.register_buffer('attn_mask', mask)

    def forward(self, x):
        n, _, c = x.shape
        y = self.norm1(x).view(n, self.side, self.side, c)
        y = y.roll((-self.shift, ) * 2, (1, 2))
        y = self.attn(_windows(y), self.attn_mask)
        count = self.side // WINDOW
        y = y.view(n, count, count, WINDOW, WINDOW, c)
        y = y.permute(0, 1, 3, 2, 4, 5).reshape(n, self.side, self.side, c)
        x = x + y.roll((self.shift, ) * 2, (1, 2)).view(n, -1, c)
        return x + self.mlp.fc2(F.gelu(self.mlp.fc1(self.norm2(x))))


class _PatchMerging(nn.Module):
    """Four neighbours side by side, in Microsoft's order."""

    def __init__(self, dim, side):
        super().__init__()
        self.side = side
        self.norm = nn.LayerNorm(4 * dim)
        self.reduction = nn.Linear(4 * dim, 2 * dim, bias=False)

    def forward(self, x):
        x = x.view(len(x), self.side, self.side, -1)
        x = torch.cat([x[:, 0::2, 0::2], x[:, 1::2, 0::2],
                       x[:, 0::2, 1::2], x[:, 1::2, 1::2]], -1)
        return self.reduction(self.norm(x.flatten(1, 2)))


class OfficialSwin(nn.Module):
    """Swin V1 by its paper, with Microsoft's key names and orders."""

    def __init__(self):
        super().__init__()
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv2d(3, DIM, 4, 4)
        self.patch_embed.norm = nn.LayerNorm(DIM)
        self.layers = nn.ModuleList()
        for i, (depth, heads) in enumerate(zip(DEPTHS, HEADS, strict=True)):
            dim, side = DIM * 2**i, SIDE // 4 // 2**i
            layer = nn.Module()
            layer.blocks = nn.ModuleList(
                _Block(dim, heads, side, shifted=b % 2 == 1)
                for b in range(depth))
            if i < len(DEPTHS) - 1:
                layer.downsample = _PatchMerging(dim, side)
            self.layers.append(layer)
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, 10)

    def forward(self, x):
        """The map before the pooling."""
        x = self.patch_embed.proj(x).flatten(2).transpose(1, 2)
        x = self.patch_embed.norm(x)
        for layer in self.layers:
            for block in layer.blocks:
                x = block(x)
            if hasattr(layer, 'downsample'):
                x = layer.downsample(x)
        return self.norm(x).transpose(1, 2).unflatten(2, (SIDE // 8, ) * 2)


@pytest.fixture
def official(randomise):
    torch.manual_seed(0)
    return randomise(OfficialSwin())


def build(**kwargs):
    arch = dict(embed_dims=DIM, depths=DEPTHS, num_heads=HEADS)
    encoder = MODELS.build({
        'type': 'mmpretrain.SwinTransformer', 'arch': arch,
        'img_size': SIDE, 'window_size': WINDOW, 'out_indices': (1, ),
        **kwargs
    })
    encoder.eval()
    return encoder


def test_loaded_encoder_gives_the_official_features(official, save):
    """The norm of the patch merging adds its channels up in another order,
    so the features are equal to 1e-12 in double precision, not bit by bit."""
    encoder = build()
    load_pretrained_encoder(encoder, save({'model': official.state_dict()}))
    x = torch.randn(2, 3, SIDE, SIDE, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(encoder.double()(x)[0],
                                   official.double()(x), atol=1e-12, rtol=0)


def test_blocks_before_the_merging_agree_bit_by_bit(official, save):
    encoder = build()
    load_pretrained_encoder(encoder, save(official.state_dict()))
    side = SIDE // 4
    x = torch.randn(2, side**2, DIM)
    for ours, published in zip(encoder.stages[0].blocks,
                               official.layers[0].blocks, strict=True):
        with torch.no_grad():
            assert torch.equal(ours(x, (side, side)), published(x))


def test_merging_without_the_reordering_would_be_another_function(official):
    """What a mere renaming of the keys would load silently."""
    state = official.state_dict()
    converted = convert_official_swin(state)
    for key in ('norm.weight', 'norm.bias', 'reduction.weight'):
        before = state[f'layers.0.downsample.{key}']
        after = converted[f'stages.0.downsample.{key}']
        assert after.shape == before.shape and not torch.equal(after, before)


def test_reordered_channels_by_hand():
    """Two channels a, b; neighbours named by row and column."""
    names = ['00a', '00b', '10a', '10b', '01a', '01b', '11a', '11b']
    order = reorder_merged_channels(torch.arange(8)).tolist()
    assert [names[i] for i in order] == [
        '00a', '01a', '10a', '11a', '00b', '01b', '10b', '11b']


def test_all_but_the_merging_is_renamed_unchanged(official):
    state = official.state_dict()
    converted = convert_official_swin(state)
    assert set(converted) == set(build().state_dict())
    kept = {id(tensor) for tensor in state.values()}
    assert {key for key, tensor in converted.items()
            if id(tensor) not in kept} == {
                f'stages.0.downsample.{key}'
                for key in ('norm.weight', 'norm.bias', 'reduction.weight')}


def test_old_mmpretrain_files_lose_masks_and_gain_the_stage_of_the_norm():
    ours = build().state_dict()
    old = {key.replace('norm1.', 'norm.') if key.startswith('norm1.') else
           key: tensor for key, tensor in ours.items()}
    old['stages.0.blocks.1.attn.attn_mask'] = torch.zeros(4, 16, 16)
    assert set(clean_mmpretrain_swin(old)) == set(ours)


def test_layouts_are_told_apart(official):
    published, ours = official.state_dict(), build().state_dict()
    assert is_official_swin(published) and not is_mmpretrain_swin(published)
    assert is_mmpretrain_swin(ours) and not is_official_swin(ours)
