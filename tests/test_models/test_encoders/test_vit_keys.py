"""DeiT, MAE and DINOv2 files give their published features."""

import pytest
import torch

from mmdet_mal.models.encoders.pretrained import load_pretrained_encoder
from mmdet_mal.models.encoders.vit_keys import (convert_official_vit,
                                                is_mmpretrain_vit,
                                                is_official_vit)

REGISTERS = 'mmdet_mal.RegisterVisionTransformer'

# Options of the published network, of the encoder, and what the file adds.
KINDS = {
    'DeiT': (dict(), dict()),
    'MAE': (dict(head=False), dict()),
    'DeiT, distilled': (dict(distilled=True),
                        dict(type='DistilledVisionTransformer')),
    'patches of 14 px': (dict(patch=14), dict(img_size=28, patch_size=14)),
    'DINOv2': (dict(layer_scale=True), dict(layer_scale_init_value=1e-5)),
    'DINOv2 with registers': (
        dict(layer_scale=True, registers=4),
        dict(layer_scale_init_value=1e-5, type=REGISTERS, num_registers=4)),
}


@pytest.fixture(params=KINDS.values(), ids=KINDS.keys())
def kind(request):
    return request.param


def images(official, dtype=torch.float32):
    side = 2 * official.patch_embed.proj.stride[0]
    return torch.randn(2, 3, side, side, dtype=dtype)


def test_loaded_encoder_gives_the_official_features_bit_by_bit(
        official_vit, build_vit, save, kind):
    options, encoder_options = kind
    official = official_vit(**options)
    encoder = build_vit(**encoder_options)
    load_pretrained_encoder(encoder, save({'model': official.state_dict()}))
    x = images(official)
    with torch.no_grad():
        assert torch.equal(encoder(x)[0], official(x))


def test_published_attention_differs_by_rounding_alone(official_vit,
                                                       build_vit, save, kind):
    """Softmax written out, as published, adds up in another order than
    torch's single operation: equal to 1e-12 in double precision."""
    options, encoder_options = kind
    official = official_vit(fused=False, **options)
    encoder = build_vit(**encoder_options)
    load_pretrained_encoder(encoder, save(official.state_dict()))
    x = images(official, torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(encoder.double()(x)[0],
                                   official.double()(x), atol=1e-12, rtol=0)


def test_mae_decoder_and_heads_are_left_out(official_vit, build_vit):
    state = official_vit().state_dict()
    for key in ('decoder_blocks.0.norm1.weight', 'mask_token',
                'decoder_pos_embed', 'decoder_pred.bias', 'decoder_norm.bias',
                'decoder_embed.weight', 'fc_norm.weight', 'head_dist.bias'):
        state[key] = torch.zeros(1)
    assert set(convert_official_vit(state)) == set(build_vit().state_dict())


def test_conversion_renames_and_changes_no_tensor(official_vit):
    state = official_vit(layer_scale=True, registers=4).state_dict()
    converted = convert_official_vit(state)
    del state['mask_token']
    assert [id(t) for t in converted.values()] == [
        id(t) for t in state.values()]


def test_layouts_are_told_apart(official_vit, build_vit):
    published, ours = official_vit().state_dict(), build_vit().state_dict()
    assert is_official_vit(published) and not is_mmpretrain_vit(published)
    assert is_mmpretrain_vit(ours) and not is_official_vit(ours)
