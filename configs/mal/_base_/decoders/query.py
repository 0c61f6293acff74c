"""Query-based decoder: one query through Mask2Former's layers (paper 4.5).

The paper reports that it could not train it.
"""
_base_ = '../mal_vit.py'

model = dict(
    network=dict(
        decoder=dict(
            _delete_=True,
            type='mmdet_mal.QueryMaskHead',
            in_channels=[768],
            channels=256,
            num_layers=9,
            num_heads=8,
            feedforward_channels=2048,
            upsample_after=2,
            size_routing=True)))
