"""Traits that shapes tell: named only where weights and encoder differ."""

import pytest
import torch

from mmdet_mal.models.encoders.architecture import differing_traits


def vit(depth=2, width=8):
    state = {'patch_embed.projection.weight': torch.zeros(width, 3, 16, 16)}
    return state | {f'layers.{i}.ln1.weight': torch.zeros(width)
                    for i in range(depth)}


def swin(depths=(2, 1), window=7):
    table = torch.zeros((2 * window - 1)**2, 1)
    state = {'stages.0.blocks.0.attn.w_msa.relative_position_bias_table': table}
    return state | {f'stages.{stage}.blocks.{i}.norm1.weight': torch.zeros(1)
                    for stage, depth in enumerate(depths)
                    for i in range(depth)}


def convnext(depths=(3, 9)):
    # Ten blocks and more: block 10 counts once, not as blocks 1 and 0.
    return {f'stages.{stage}.{i}.gamma': torch.zeros(1)
            for stage, depth in enumerate(depths) for i in range(depth)}


@pytest.mark.parametrize('family, state, own, phrases', [
    ('ViT', vit(), vit(), []),
    ('ViT', vit(depth=12), vit(depth=10), []),
    ('ViT', vit(depth=1), vit(), ['1 blocks for 2']),
    ('ViT', vit(width=4), vit(), ['width 4 for 8']),
    ('ViT', vit() | {'register_tokens': torch.zeros(1, 4, 8)}, vit(),
     ['register tokens 4 for 0']),
    ('Swin', swin(), swin(), []),
    ('Swin', swin(window=12), swin(), ['window 12 for 7']),
    ('Swin', swin((2, 18)), swin((2, 6)),
     ['blocks of the stages (2, 18) for (2, 6)']),
    ('ConvNeXt', convnext((3, 27)), convnext(),
     ['blocks of the stages (3, 27) for (3, 9)']),
], ids=['same ViT', 'shortened ViT', 'too short', 'width', 'registers',
        'same Swin', 'window', 'Swin depth', 'ConvNeXt depth'])
def test_differences_are_phrased(family, state, own, phrases):
    found = differing_traits(family, state, own)
    assert len(found) == len(phrases)
    for phrase, start in zip(found, phrases, strict=True):
        assert phrase.startswith(start)
