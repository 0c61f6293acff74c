"""The paper's decoder behind an FPN, as the appendix tried.

A plain ViT has one map.  As in ViTDet, the pyramid is made from it: resized
to strides 8, 16 and 32, then mmdet's FPN.  Each crop takes the level that its
size routing asks for.

A hierarchical encoder (Swin, ConvNeXt) has the levels already: give it
`out_indices=(1, 2, 3)`, the decoder the `in_channels` of these three maps, and
the neck `dict(_delete_=True, type='mmdet.FPN', out_channels=256, num_outs=3)`.
"""
_base_ = './attention.py'

# The pyramid has weights for each stride: a batch without boxes of one size
# leaves some of them without a gradient, and DDP must know.
find_unused_parameters = True

model = dict(
    network=dict(
        decoder=dict(
            maps='pyramid',
            neck=dict(
                type='mmdet_mal.PlainFPN',
                out_channels=256,
                scales=(2, 1, 0.5)),
            neck_channels=[256, 256, 256])))
