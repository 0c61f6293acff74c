"""Preset `dinov2-b`: mal_dinov2-b_coco.py on your own boxes, for one GPU.

    mal auto boxes.json photos/ -o masks --preset dinov2-b

sets everything below.  By hand:

    MAL_BOXES=boxes.json MAL_IMAGES=photos/ mal train mal_dinov2-b_own

MAL_EPOCHS is the length.  MAL_WEIGHTS is the file
`dinov2_vitb14_pretrain.pth` of the DINOv2 authors (Apache-2.0).  Data and
length are those of `dinov2-s`; here is only the larger encoder.  Not measured
by us on a set of a user's size: no GPU was at hand.
"""
_base_ = './mal_dinov2-s_own.py'

model = dict(
    network=dict(
        pretrained='{{$MAL_WEIGHTS:weights/dinov2_vitb14_pretrain.pth}}',
        encoder=dict(arch='deit-base'),
        decoder=dict(in_channels=[768])))
