"""Fully connected decoder: two layers, one output per pixel (paper 4.5).

A config with other crops than 512 px sets `crop_size` too.
"""
_base_ = '../mal_vit.py'

# There are weights for each stride: a batch without boxes of one size
# leaves some of them without a gradient, and DDP must know.
find_unused_parameters = True

model = dict(
    network=dict(
        decoder=dict(
            _delete_=True,
            type='mmdet_mal.FCMaskHead',
            in_channels=[768],
            crop_size=(512, 512),
            hidden_channels=2048,
            grid=7,
            size_routing=True)))
