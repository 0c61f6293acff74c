"""A crop that the patches do not cover is refused, not padded."""

import pytest
import torch
from torch import nn

from mmdet_mal.models.encoders.whole_patches import check_whole_patches
from mmdet_mal.registry import MODELS
from mmdet_mal.utils.errors import UserError

DINOV2 = dict(
    type='mmpretrain.VisionTransformer', img_size=56, patch_size=14,
    out_type='featmap', arch=dict(
        embed_dims=32, num_layers=1, num_heads=2, feedforward_channels=32))
SWIN = dict(
    type='mmpretrain.SwinTransformer', img_size=32, window_size=4,
    out_indices=(1, ), arch=dict(
        embed_dims=8, depths=(1, 1), num_heads=(1, 2)))


def crops(height, width):
    return torch.zeros(1, 3, height, width)


@pytest.mark.parametrize('encoder, size', [
    (DINOV2, (56, 84)), (SWIN, (32, 64))], ids=['DINOv2', 'Swin'])
def test_whole_patches_pass(encoder, size):
    check_whole_patches(MODELS.build(encoder), crops(*size))


@pytest.mark.parametrize('encoder, size, said', [
    (DINOV2, (56, 64), '64 x 56 px: the patches of the encoder have 14 x 14'),
    (DINOV2, (64, 56), '56 x 64 px'),
    (SWIN, (32, 34), 'a multiple of 4'),
], ids=['too wide', 'too high', 'Swin'])
def test_a_rest_of_a_patch_is_refused(encoder, size, said):
    with pytest.raises(UserError, match=said) as error:
        check_whole_patches(MODELS.build(encoder), crops(*size))
    assert '\n' not in str(error.value)


def test_an_encoder_without_patches_is_left_alone():
    check_whole_patches(nn.Conv2d(3, 8, 3), crops(31, 33))


@pytest.mark.parametrize('model', [
    dict(type='mmdet_mal.EncoderTokens', encoder=DINOV2),
    dict(type='mmdet_mal.InstantLabeler', encoder=DINOV2),
], ids=lambda model: model['type'])
def test_every_model_with_an_encoder_asks(model):
    with pytest.raises(UserError, match='cover them exactly'):
        MODELS.build(model)(crops(64, 64), [], 'tensor')


def test_the_network_of_a_labeller_asks():
    """The likely slip: weights with patches of 14 px on crops of 512 px."""
    network = MODELS.build(dict(
        type='mmdet_mal.MaskNetwork', encoder=dict(DINOV2, img_size=64),
        decoder=dict(type='mmdet_mal.AttentionMaskHead', in_channels=[32],
                     channels=16)))
    with pytest.raises(UserError, match='a multiple of 14'):
        network(crops(64, 64), torch.tensor([1e5]))
