"""The licence that is logged with published weights."""

import pytest

from mmdet_mal.models.encoders.licences import UNKNOWN, licence_of


@pytest.mark.parametrize('name, owner, terms', [
    ('mae_pretrain_vit_base.pth', 'MAE', 'CC BY-NC 4.0'),
    ('mae_visualize_vit_large.pth', 'MAE', 'CC BY-NC 4.0'),
    ('deit_small_patch16_224-cd65a155.pth', 'DeiT', 'Apache-2.0'),
    ('deit_base_distilled_patch16_224-df68dfff.pth', 'DeiT', 'Apache-2.0'),
    ('deit-base-distilled_3rdparty_pt-16xb64_in1k_20211216-42891296.pth',
     'DeiT', 'Apache-2.0'),
    ('dinov2_vits14_pretrain.pth', 'DINOv2', 'Apache-2.0'),
    ('dinov2_vitb14_reg4_pretrain.pth', 'DINOv2', 'Apache-2.0'),
    ('vit-small-p14_dinov2-pre_3rdparty_20230426-5641ca5a.pth', 'DINOv2',
     'Apache-2.0'),
    ('swin_base_patch4_window7_224.pth', 'Swin', 'MIT'),
    ('swin_base_patch4_window7_224-4670dd19.pth', 'Swin', 'MIT'),
    ('convnext_base_1k_224_ema.pth', 'ConvNeXt', 'MIT'),
    ('convnext_base_22k_224.pth', 'ConvNeXt', 'MIT'),
    ('convnext-base_3rdparty_32xb128_in1k_20220124-d0915162.pth', 'ConvNeXt',
     'MIT'),
])
def test_published_names_are_known(name, owner, terms):
    licence = licence_of(f'some/folder/{name}')
    assert licence.startswith(owner) and terms in licence


@pytest.mark.parametrize('name', [
    'weights.pth',
    # Of the same makers under other terms, or under terms not stated.
    'convnextv2_base_1k_224_ema.pt',
    'convnext-v2-base_fcmae-pre_3rdparty_in1k_20230104-00a70fa4.pth',
    'swin_base_224_b16x64_300e_imagenet_20210616_190742-93230b0d.pth',
    'mae_vit-base-p16_8xb512-fp16-coslr-1600e_in1k_20220825-f7569ca2.pth',
])
def test_other_names_are_not_guessed(name):
    assert licence_of(name) == UNKNOWN
