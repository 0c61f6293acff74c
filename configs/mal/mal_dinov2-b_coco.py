"""MAL with DINOv2-B/14 on COCO: free weights (ours, not the paper's).

    bash tools/dist_train.sh configs/mal/mal_dinov2-b_coco.py 8
    bash tools/dist_test.sh configs/mal/mal_dinov2-b_coco.py CHECKPOINT 8

Weights: `dinov2_vitb14_pretrain.pth` of the DINOv2 authors (Apache-2.0), put at the
path below or named by MAL_WEIGHTS; for a dry run without them say
`--cfg-options model.network.pretrained=None`.
"""
_base_ = [
    './_base_/default_runtime.py',
    './_base_/coco_boxes_504.py',
    './_base_/mal_dinov2.py',
    './_base_/schedule_10e.py',
]

model = dict(
    network=dict(
        pretrained='{{$MAL_WEIGHTS:weights/dinov2_vitb14_pretrain.pth}}',
        encoder=dict(arch='deit-base'),
        decoder=dict(in_channels=[768])))
