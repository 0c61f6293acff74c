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
crop_size = (224, 224)
# A label's crop is larger and shows more around the box: better masks of every
# size for the price of a mirrored crop (docs/experiments.md, section 17).
label_size = (320, 320)
max_epochs = 18
_batch_size = 16
_iters_per_epoch = 75  # 1188 boxes in batches of 16

model = dict(
    network=dict(
        pretrained=  # one literal: MMEngine replaces it before Python reads it
        '{{$MAL_WEIGHTS:../shared/weights/deit_tiny_patch16_224.pth}}',
        encoder=dict(
            _delete_=True,
            type='mmpretrain.VisionTransformer',
            # Ten of the twelve blocks: the last ones group worst.
            arch=dict(
                embed_dims=192,
                num_layers=10,
                num_heads=3,
                feedforward_channels=768),
            img_size=crop_size[0],
            patch_size=16,
            out_type='featmap',
            frozen_stages=6,
            final_norm=False,
            out_indices=(5, 9)),
        decoder=dict(in_channels=[192, 192], channels=96)),
    # The clamp is the released code's: it lets neighbours outvote the unary,
    # without which masks fill their box.
    crf_loss=dict(zeta=0.3, clamp=0.1, loss_weight=1.0, warmup_iters=100),
    grouping_loss=dict(
        type='mmdet_mal.TokenGroupingLoss',
        fade_iters=max_epochs * _iters_per_epoch // 2),
    # What the frozen tokens of a box say by themselves, and a share of what the
    # network learned (docs/experiments.md, sections 12 and 17).
    label_grouping=dict(ridge=10.0, rounds=4, network_weight=0.15),
    refine='mean_field',
    # Fitted on the human masks of the training photographs (docs/quality.md).
    quality=dict(calibration='coco_mini'))

# The shared pipelines with smaller crops and half the blur: at 224 px a sigma
# of 2 hides small objects.
_crop = dict(type='mmdet_mal.CropBox', size=crop_size, padding='reflect')
_load, _expand, _crop_512, _flip, _branch = _base_.train_pipeline
_jitter, _grey, _blur, _pack = _branch['student']
_blur = dict(_blur, magnitude_range=(0.1, 1.0))
train_pipeline = [
    _load, _expand, _crop, _flip,
    dict(_branch, student=[_jitter, _grey, _blur, _pack])
]
test_pipeline = [
    dict(type='mmdet_mal.FixedBoxExpansion', rate=0.4),
    dict(_crop, size=label_size), _pack
]

train_dataloader = dict(
    batch_size=_batch_size,
    # The two cores compute; one worker that crops ahead is enough.
    num_workers=1,
    dataset=dict(
        data_root=data_root,
        ann_file='annotations/boxes_train.json',
        data_prefix=dict(img='images/'),
        min_area=400,
        known_faults=(),
        cache_images=True,
        pipeline=train_pipeline))
test_dataloader = dict(
    num_workers=1,
    dataset=dict(
        data_root=data_root,
        ann_file='annotations/boxes_train.json',
        data_prefix=dict(img='images/'),
        pipeline=test_pipeline))

optim_wrapper = dict(
    optimizer=dict(lr=8e-4, betas=(0.9, 0.99), weight_decay=0.05),
    paramwise_cfg=dict(encoder_lr_mult=0.25))
auto_scale_lr = dict(base_batch_size=_batch_size)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.02, by_epoch=False, begin=0, end=50),
    dict(
        type='CosineAnnealingLR',
        eta_min_ratio=0.02,
        by_epoch=True,
        begin=0,
        end=max_epochs,
        T_max=max_epochs,
        convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=max_epochs)
# Few steps need a faster teacher than the paper's 0.004.
custom_hooks = [
    dict(type='mmdet_mal.MeanTeacherHook', momentum=0.01, interval=1,
         skip_buffer=False),
    dict(type='mmdet_mal.PseudoLabelHook'),
    # Twelve masks an epoch as pictures, for `mal report`.
    dict(type='mmdet_mal.MaskMosaicHook'),
]
