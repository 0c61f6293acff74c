"""Recognition of published weights, alone and inside larger models."""

import torch

from mmdet_mal.models.encoders.convert import convert_published


def test_backbone_of_a_larger_model_is_taken_out(official_vit, build_vit):
    """mmpretrain's classifiers and MAE, and DINO's training files."""
    for state in (build_vit().state_dict(), official_vit().state_dict()):
        larger = {f'backbone.{key}': tensor for key, tensor in state.items()}
        larger['head.fc.weight'] = larger['neck.mask_token'] = torch.zeros(2)
        family, converted = convert_published(larger)
        assert family == 'ViT'
        assert set(converted) == set(build_vit().state_dict())


def test_own_names_stay(build_vit):
    state = build_vit().state_dict()
    family, converted = convert_published(state)
    assert family == 'ViT' and list(converted) == list(state)


def test_other_networks_have_no_family():
    state = {'layer1.0.conv1.weight': torch.zeros(1)}
    assert convert_published(state) == (None, state)
