"""MAL for a laptop: DeiT-Ti/16 on the 159 photographs of coco_mini.

    python tools/train.py configs/mal/mal_deit-ti_coco-mini.py
    python tools/test.py configs/mal/mal_deit-ti_coco-mini.py CHECKPOINT

MAL_DATA_ROOT is the folder that holds `coco_mini/`, MAL_WEIGHTS the file
`deit_tiny_patch16_224.pth` (Apache-2.0).  Trained for two CPU cores: the first
blocks are frozen, two maps of the encoder are used, and the grouping of the
frozen tokens starts the student (all ours; docs/experiments.md).
"""
_base_ = [
    './_base_/default_runtime.py',
    './_base_/coco_boxes_512.py',
    './_base_/mal_vit.py',
    './_base_/schedule_10e.py',
]

data_root = '{{$MAL_DATA_ROOT:../shared/data}}/coco_mini/'
crop_size = (192, 192)
max_epochs = 14
_iters = 74  # an epoch: 1188 boxes in batches of 16

model = dict(
    network=dict(
        pretrained='{{$MAL_WEIGHTS:../shared/weights/'
        'deit_tiny_patch16_224.pth}}',
        encoder=dict(
            # Ten of the twelve blocks: the last ones group worst.
            arch=dict(
                embed_dims=192,
                num_layers=10,
                num_heads=3,
                feedforward_channels=768),
            img_size=192,
            frozen_stages=6,
            final_norm=False,
            out_indices=(5, 9)),
        decoder=dict(in_channels=[192, 192], channels=96)),
    crf_loss=dict(zeta=0.3, warmup_iters=100),
    grouping_loss=dict(
        type='mmdet_mal.TokenGroupingLoss', fade_iters=7 * _iters),
    predictor='teacher',
    flip=True)

# What changes in the shared pipelines is the size of the crops and a weaker
# blur, which at 192 px would wipe out small objects.
