"""MAL with ConvNeXt-B on COCO (the paper's comparison of encoders).

    bash tools/dist_train.sh configs/mal/mal_convnext-b_coco.py 8
    bash tools/dist_test.sh configs/mal/mal_convnext-b_coco.py CHECKPOINT 8

The last map, of stride 32, is the encoder's; the decoder resizes it as it
does a plain ViT's.  Weights: `convnext_base_1k_224_ema.pth` of the ConvNeXt
authors (MIT, trained on ImageNet-1k), put at the path below or named by
MAL_WEIGHTS; for a dry run without them say
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
        pretrained='{{$MAL_WEIGHTS:weights/convnext_base_1k_224_ema.pth}}',
        encoder=dict(
            _delete_=True,
            type='mmpretrain.ConvNeXt',
            arch='base',
            out_indices=(3, ),
            drop_path_rate=0.0,
            # The final norm is for each pixel, not for the mean of the map.
            gap_before_final_norm=False),
        decoder=dict(in_channels=[1024])))
