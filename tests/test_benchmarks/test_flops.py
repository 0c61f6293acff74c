"""Operations by formula, beside torch's counter and figures by hand."""

import pytest
import torch
from mmengine.registry import MODELS, init_default_scope
from torch.nn.attention import SDPBackend, sdpa_kernel

from benchmarks.flops import (Shapes, counted, decoder, encoder, forward,
                              parts_of_step, patch_embedding)

TINY = Shapes(embed_dims=32, num_layers=2, feedforward=48, crop=64, channels=16)


@pytest.fixture(scope='module')
def network():
    init_default_scope('mmdet')
    torch.manual_seed(0)
    return MODELS.build(dict(
        type='mmdet_mal.MaskNetwork',
        encoder=dict(
            type='mmpretrain.VisionTransformer', img_size=TINY.crop,
            patch_size=TINY.patch, out_type='featmap',
            arch=dict(embed_dims=TINY.embed_dims, num_layers=TINY.num_layers,
                      num_heads=2, feedforward_channels=TINY.feedforward)),
        decoder=dict(type='mmdet_mal.AttentionMaskHead',
                     in_channels=[TINY.embed_dims], channels=TINY.channels)))


def run(network, stride_area, backward=False):
    # Attention as products of matrices: the counter knows no fused one on CPUs.
    with sdpa_kernel(SDPBackend.MATH), torch.set_grad_enabled(backward):
        logits = network(torch.ones(2, 3, TINY.crop, TINY.crop),
                         torch.full((2, ), stride_area))
        if backward:
            logits.sum().backward()


@pytest.mark.parametrize('stride, area', [(4, 1e4), (8, 5e3), (16, 9e2)])
def test_the_formula_counts_what_torch_counts(network, stride, area):
    shapes = Shapes(**{**vars(TINY), 'stride': stride})
    found = counted(lambda: run(network, area))
    assert found == pytest.approx(2 * forward(shapes), rel=.01)


def test_backward_is_twice_forward_without_the_patches_inputs(network):
    parts = parts_of_step(TINY)
    found = counted(lambda: run(network, 1e4, backward=True))
    assert found == pytest.approx(
        2 * (parts['student_forward'] + parts['student_backward']), rel=.01)


def test_vit_b_by_hand():
    """12 blocks of 1025 tokens; 86M weights, of which 85M in the blocks."""
    shapes = Shapes()
    blocks = 12 * 2 * 1025 * (4 * 768**2 + 2 * 768 * 3072 + 2 * 1025 * 768)
    assert encoder(shapes) == blocks + 2 * 1024 * 768 * 768
    assert patch_embedding(shapes) == 2 * 1024 * 768 * 768
    # 64 x 64 from 768 and 256 channels, 128 x 128 from 256 twice.
    assert decoder(shapes) == pytest.approx(
        2 * 9 * 256 * (4096 * (768 + 256) + 16384 * 512), rel=.001)


def test_the_parts_add_up():
    parts = parts_of_step(Shapes())
    assert parts['step'] == (parts['student_forward'] + parts['student_backward']
                             + parts['teacher_forward'])
    assert parts['decoder'] < parts['step'] / 4
