"""Plain ViTs as their authors publish them, tiny; weights files of tests."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mmdet_mal.registry import MODELS

DIM, DEPTH, HEADS, HIDDEN = 32, 3, 2, 64


def _randomise(module):
    """Random values everywhere, so that no two tensors are alike."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(std=0.3)
    module.eval()  # mmpretrain's returns None
    return module


class _LayerScale(nn.Module):

    def __init__(self):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(DIM))

    def forward(self, x):
        return x * self.gamma


class _Block(nn.Module):
    """A pre-norm block with the names of the DeiT and DINOv2 releases."""

    def __init__(self, layer_scale, fused):
        super().__init__()
        self.fused = fused
        self.norm1, self.norm2 = (nn.LayerNorm(DIM, eps=1e-6)
                                  for _ in range(2))
        self.attn = nn.Module()
        self.attn.qkv = nn.Linear(DIM, 3 * DIM)
        self.attn.proj = nn.Linear(DIM, DIM)
        self.mlp = nn.Module()
        self.mlp.fc1 = nn.Linear(DIM, HIDDEN)
        self.mlp.fc2 = nn.Linear(HIDDEN, DIM)
        self.ls1, self.ls2 = (_LayerScale() if layer_scale else nn.Identity()
                              for _ in range(2))

    def attend(self, x):
        n, t, _ = x.shape
        qkv = self.attn.qkv(x).reshape(n, t, 3, HEADS, DIM // HEADS)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        if self.fused:
            x = F.scaled_dot_product_attention(q, k, v)
        else:
            scores = q * (DIM // HEADS)**-0.5 @ k.transpose(-2, -1)
            x = scores.softmax(-1) @ v
        return self.attn.proj(x.transpose(1, 2).reshape(n, t, DIM))

    def forward(self, x):
        x = x + self.ls1(self.attend(self.norm1(x)))
        hidden = F.gelu(self.mlp.fc1(self.norm2(x)))
        return x + self.ls2(self.mlp.fc2(hidden))


class OfficialViT(nn.Module):
    """ViT, DeiT, MAE's encoder, DINOv2, by their papers and key names.

    MAE's pre-training file has no head (``head=False``).

    ``fused`` computes the attention by torch's one operation, as mmpretrain
    does; the published code multiplies, takes the softmax and multiplies.
    """

    def __init__(self, grid=2, patch=16, layer_scale=False, registers=0,
                 distilled=False, head=True, fused=True):
        super().__init__()
        self.registers, self.distilled = registers, distilled
        self.cls_token = nn.Parameter(torch.zeros(1, 1, DIM))
        self.pos_embed = nn.Parameter(
            torch.zeros(1, 1 + distilled + grid**2, DIM))
        if distilled:
            self.dist_token = nn.Parameter(torch.zeros(1, 1, DIM))
            self.head_dist = nn.Linear(DIM, 10)
        if registers:
            self.register_tokens = nn.Parameter(torch.zeros(1, registers, DIM))
        if layer_scale:  # of DINOv2, which has no head but a mask token
            self.mask_token = nn.Parameter(torch.zeros(1, DIM))
        elif head:
            self.head = nn.Linear(DIM, 10)
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv2d(3, DIM, patch, patch)
        self.blocks = nn.ModuleList(
            _Block(layer_scale, fused) for _ in range(DEPTH))
        self.norm = nn.LayerNorm(DIM, eps=1e-6)
        _randomise(self)

    def forward(self, x):
        n = len(x)
        x = self.patch_embed.proj(x)
        size = x.shape[-2:]
        first = [self.cls_token.expand(n, -1, -1)]
        if self.distilled:
            first.append(self.dist_token.expand(n, -1, -1))
        x = torch.cat([*first, x.flatten(2).transpose(1, 2)], 1)
        x = x + self.pos_embed
        if self.registers:
            x = torch.cat([
                x[:, :1], self.register_tokens.expand(n, -1, -1), x[:, 1:]
            ], 1)
        for block in self.blocks:
            x = block(x)
        extra = 1 + self.distilled + self.registers
        return self.norm(x)[:, extra:].transpose(1, 2).unflatten(2, size)


@pytest.fixture
def official_vit():
    """Function that makes an :class:`OfficialViT` from its options."""
    torch.manual_seed(0)
    return OfficialViT


@pytest.fixture
def build_vit():
    """Function that builds the tiny ViT of mmpretrain, or of the package."""

    def build(img_size=32, depth=DEPTH, width=DIM, type='VisionTransformer',
              **kwargs):
        arch = dict(embed_dims=width, num_layers=depth, num_heads=HEADS,
                    feedforward_channels=HIDDEN)
        if '.' not in type:
            type = f'mmpretrain.{type}'
        encoder = MODELS.build({
            'type': type, 'arch': arch, 'img_size': img_size,
            'patch_size': 16, 'out_type': 'featmap', **kwargs
        })
        encoder.eval()  # mmpretrain's returns None
        return encoder

    return build


@pytest.fixture
def randomise():
    """Function that gives a module random parameters, in evaluation mode."""
    return _randomise


@pytest.fixture
def save(tmp_path):
    """Function that writes a checkpoint and returns its path."""

    def write(content, name='weights.pth'):
        path = tmp_path / name
        torch.save(content, path)
        return str(path)

    return write
