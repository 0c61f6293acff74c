"""Attention maps against the blocks' own arithmetic."""

import numpy as np
import pytest
import torch
from mmpretrain.models import ConvNeXt, SwinTransformer, VisionTransformer

from mmdet_mal.models.encoders.register_vit import RegisterVisionTransformer
from mmdet_mal.utils.errors import UserError
from mmdet_mal.visualization.attention.maps import attention_maps
from mmdet_mal.visualization.attention.picture import attention_picture

ARCH = dict(embed_dims=24, num_layers=3, num_heads=2, feedforward_channels=32)


def vit(cls=VisionTransformer, **options):
    torch.manual_seed(0)
    encoder = cls(**{'arch': ARCH, 'img_size': 64, 'patch_size': 16,
                     'out_type': 'featmap', **options})
    encoder.init_weights()
    for parameter in encoder.parameters():
        # Published weights are not as flat as fresh ones.
        torch.nn.init.normal_(parameter, std=.3)
    return encoder


@pytest.fixture
def crops():
    return torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize('cls', [VisionTransformer, RegisterVisionTransformer])
def test_rows_are_those_that_the_block_attends_by(cls, crops):
    """All rows times the values, projected, are the block's own output."""
    encoder = vit(cls)
    seen = {}
    attn = encoder.layers[1].attn
    attn.register_forward_hook(
        lambda module, x, out: seen.update(x=x[0], out=out))
    found = attention_maps(encoder, crops, [1])
    count, length, width = seen['x'].shape
    _, _, v = attn.qkv(seen['x']).reshape(
        count, length, 3, 2, width // 2).permute(2, 0, 3, 1, 4)
    extra = length - 4 * 6
    assert extra == (1 if cls is VisionTransformer else 5)
    # What the patches give to the class token; the rest comes from the extra
    # tokens, whose shares are taken from the output by subtraction.
    patches = found.maps[:, 0].flatten(2)[:, :, None]             # (N, H, 1, T)
    total = torch.nn.functional.scaled_dot_product_attention(
        *attn.qkv(seen['x']).reshape(count, length, 3, 2, width // 2)
        .permute(2, 0, 3, 1, 4))[:, :, :1]
    rest = total - patches @ v[:, :, extra:]
    if extra == 1:
        expected = found.elsewhere[:, 0, :, None, None] * v[:, :, :1]
        assert torch.allclose(rest, expected, atol=1e-5)
    joined = total.transpose(1, 2).reshape(count, 1, width)
    assert torch.allclose(attn.proj(joined), seen['out'][:, :1], atol=1e-5)


def test_shares_sum_to_1(crops):
    found = attention_maps(vit(), crops, [0, 2])
    assert found.maps.shape == (2, 2, 2, 4, 6) and found.blocks == (0, 2)
    total = found.maps.sum((-1, -2)) + found.elsewhere
    assert torch.allclose(total, torch.ones_like(total), atol=1e-5)
    assert (found.maps >= 0).all()


def test_box_query_is_the_mean_of_its_patches(crops):
    encoder = vit()
    inside = torch.zeros(2, 4, 6, dtype=torch.bool)
    inside[0, 1, 2] = inside[0, 3, 5] = inside[1, 0, 0] = True
    both = attention_maps(encoder, crops, [1], 'box', inside).maps[0]
    each = []
    for row, column in ((1, 2), (3, 5)):
        one = torch.zeros_like(inside)
        one[:, row, column] = True
        each.append(attention_maps(encoder, crops, [1], 'box', one).maps[0])
    assert torch.allclose(both, (each[0] + each[1]) / 2, atol=1e-6)
    assert not torch.allclose(each[0], each[1])


def test_encoder_is_left_as_it_was(crops):
    encoder = vit(frozen_stages=1, drop_rate=.5)
    encoder.train()
    before = [module.training for module in encoder.modules()]
    one = attention_maps(encoder, crops, [1]).maps
    assert [module.training for module in encoder.modules()] == before
    assert torch.equal(one, attention_maps(encoder, crops, [1]).maps)
    assert not encoder.layers[1].attn._forward_pre_hooks


@pytest.mark.parametrize('encoder, options, words', [
    (lambda: SwinTransformer('tiny'), {}, 'Swin attends within windows'),
    (lambda: ConvNeXt('atto'), {}, 'ConvNeXt not at all'),
    (vit, dict(blocks=[3]), 'blocks 0 to 2'),
    (vit, dict(blocks=[-1]), 'block -1'),
    (lambda: vit(with_cls_token=False), {}, 'has no class token'),
], ids=['swin', 'convnext', 'late block', 'negative', 'no class token'])
def test_what_cannot_be_drawn_is_refused_clearly(encoder, options, words, crops):
    with pytest.raises(UserError, match=words):
        attention_maps(encoder(), crops, **{'blocks': [0], **options})


def test_without_class_token_the_box_asks(crops):
    inside = torch.ones(2, 4, 6, dtype=torch.bool)
    found = attention_maps(vit(with_cls_token=False), crops, [0], 'box', inside)
    assert torch.allclose(found.maps.sum((-1, -2)), torch.ones(2, 1, 2), atol=1e-5)
    assert not found.elsewhere.any()


@pytest.mark.parametrize('query, inside', [
    ('cls', None), ('box', None), ('box', torch.ones(2, 4, 4, dtype=bool)),
    ('box', torch.zeros(2, 4, 6, dtype=bool))])
def test_bad_queries(query, inside, crops):
    with pytest.raises(ValueError):
        attention_maps(vit(), crops, [0], query, inside)


def test_picture_is_bright_where_the_head_looks():
    maps = np.zeros((1, 2, 4, 6), np.float32)
    maps[0, 0, 0, 0] = maps[0, 1, 3, 5] = 1
    crop = np.full((80, 120, 3), 90, np.uint8)
    img = attention_picture(crop, [10, 10, 100, 70], maps, [7], cell=120)
    # Four cells (crop, two heads, their mean) of 125 x 80 px with gaps of 6.
    assert img.shape == (24 + 80 + 12, 4 * 131 + 6, 3)
    heads = [img[30:110, 6 + 131 * i:126 + 131 * i].astype(int).sum(2)
             for i in (1, 2)]
    first, second = (np.unravel_index(head[:, 2:].argmax(), (80, 118))
                     for head in heads)
    assert first[0] < 25 and first[1] < 25
    assert second[0] > 55 and second[1] > 90


@pytest.mark.parametrize('heads, columns', [('all', 4), ('mean', 2), ([1], 3)])
def test_chosen_heads(heads, columns):
    img = attention_picture(np.zeros((50, 50, 3), np.uint8), [1, 1, 9, 9],
                            np.ones((2, 2, 3, 3)), [0, 1], heads, cell=130)
    assert img.shape == (24 + 2 * 136 + 6, columns * 136 + 6, 3)


def test_head_that_is_not_there():
    with pytest.raises(ValueError, match='heads 0 to 1'):
        attention_picture(np.zeros((9, 9, 3), np.uint8), [1, 1, 5, 5],
                          np.ones((1, 2, 3, 3)), [0], [2])
    with pytest.raises(ValueError, match='1 maps for 2 blocks'):
        attention_picture(np.zeros((9, 9, 3), np.uint8), [1, 1, 5, 5],
                          np.ones((1, 2, 3, 3)), [0, 1])
