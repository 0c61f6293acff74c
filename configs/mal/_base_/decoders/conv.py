"""Fully convolutional decoder: V and a 1x1 convolution (paper 4.5)."""
_base_ = '../mal_vit.py'

model = dict(
    network=dict(
        decoder=dict(
            _delete_=True,
            type='mmdet_mal.ConvMaskHead',
            in_channels=[768],
            channels=256,
            upsample_after=2,
            size_routing=True)))
