"""Mask Auto-Labeler with a DINOv2 encoder: patches of 14 px, layer scale.

A config overrides `arch`, `in_channels` and `pretrained`.
"""
_base_ = './mal_vit.py'

model = dict(
    network=dict(
        encoder=dict(
            img_size=504, patch_size=14, layer_scale_init_value=1e-5)))
