"""MAL with Swin-B on COCO (the paper's comparison of encoders).

    bash tools/dist_train.sh configs/mal/mal_swin-b_coco.py 8
    bash tools/dist_test.sh configs/mal/mal_swin-b_coco.py CHECKPOINT 8

The last map, of stride 32, is the encoder's; the decoder resizes it as it
does a plain ViT's.  Weights: `swin_base_patch4_window7_224.pth` of the Swin Transformer
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
        pretrained='{{$MAL_WEIGHTS:weights/swin_base_patch4_window7_224.pth}}',
        encoder=dict(
            _delete_=True,
            type='mmpretrain.SwinTransformer',
            arch='base',
            img_size=512,
            window_size=7,
            out_indices=(3, ),
            drop_path_rate=0.0,
            # As in detection: small maps are padded to whole windows.
            pad_small_map=True),
        decoder=dict(in_channels=[1024])))
