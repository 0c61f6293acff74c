"""MAL with DeiT-Ti/16 on COCO: the smallest recipe (ours, not the paper's).

    bash tools/dist_train.sh configs/mal/mal_deit-ti_coco.py 8
    bash tools/dist_test.sh configs/mal/mal_deit-ti_coco.py CHECKPOINT 8

Weights: `deit_tiny_patch16_224-a1311bcf.pth` of the DeiT authors (Apache-2.0),
put at the path below or named by MAL_WEIGHTS; for a dry run without them say
`--cfg-options model.network.pretrained=None`.
"""
_base_ = [
    './_base_/default_runtime.py',
    './_base_/coco_boxes_512.py',
    './_base_/mal_vit.py',
    './_base_/schedule_10e.py',
]

model = dict(
    network=dict(
        pretrained='{{$MAL_WEIGHTS:weights/deit_tiny_patch16_224-a1311bcf.pth}}',
        encoder=dict(arch='deit-tiny', img_size=512),
        decoder=dict(in_channels=[192])))
