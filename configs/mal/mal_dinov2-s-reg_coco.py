"""MAL with DINOv2-S/14 with registers on COCO (ours, not the paper's).

    bash tools/dist_train.sh configs/mal/mal_dinov2-s-reg_coco.py 8
    bash tools/dist_test.sh configs/mal/mal_dinov2-s-reg_coco.py CHECKPOINT 8

As mal_dinov2-s_coco.py, with `dinov2_vits14_reg4_pretrain.pth` (Apache-2.0).
"""
_base_ = './mal_dinov2-s_coco.py'

model = dict(
    network=dict(
        pretrained='{{$MAL_WEIGHTS:weights/dinov2_vits14_reg4_pretrain.pth}}',
        encoder=dict(
            type='mmdet_mal.RegisterVisionTransformer', num_registers=4)))
