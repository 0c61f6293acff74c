"""A light Mask R-CNN that two CPU cores train in minutes, for retention.

    cd configs/phase2/coco-mini
    python ../../../tools/retention.py run mask-rcnn_deit-ti_coco-mini.py \\
        --class-agnostic --masks MAL=masks.json --human instances_train.json \\
        --val instances_dev.json --images images/ --out retention

The stock Mask R-CNN with one class, narrow heads and the first eight blocks of a
DeiT-Ti (four of them frozen) below a pyramid made from one map, as in ViTDet.
Images are at most 320 px wide and high.  The stock losses and assigners are kept;
what is smaller is listed below.  It is a yardstick, no product: its AP is low, and
equal for all only in what the masks do not decide.

Environment: MAL_WEIGHTS is the file `deit_tiny_patch16_224.pth` (Apache-2.0),
MAL_DATA_ROOT the folder that holds `coco_mini/`, MAL_ANN the masks JSON.
"""
_base_ = [
    'mmdet::_base_/models/mask-rcnn_r50_fpn.py',
    'mmdet::_base_/default_runtime.py',
]

custom_imports = dict(
    imports=['mmdet_mal', 'mmdet_mal.retention.pretrained_backbone'],
    allow_failed_imports=False)

image_size = (320, 320)
max_epochs = 12
_channels = 64
_strides = [8, 16, 32, 64]
_data_root = '{{$MAL_DATA_ROOT:../shared/data}}/coco_mini/'

_roi = dict(out_channels=_channels, featmap_strides=_strides)
model = dict(
    backbone=dict(
        _delete_=True,
        type='mmdet_mal.PretrainedBackbone',
        pretrained=  # one literal: MMEngine replaces it before Python reads it
        '{{$MAL_WEIGHTS:../shared/weights/deit_tiny_patch16_224.pth}}',
        encoder=dict(
            type='mmpretrain.VisionTransformer',
            arch=dict(
                embed_dims=192,
                num_layers=8,
                num_heads=3,
                feedforward_channels=768),
            img_size=image_size[0],
            patch_size=16,
            out_type='featmap',
            frozen_stages=4,
            final_norm=False,
            out_indices=(7, ))),
    neck=dict(
        _delete_=True,
        type='mmdet_mal.PlainFPN',
        in_channels=[192],
        out_channels=_channels,
        scales=(2, 1, 0.5, 0.25),
        norm_cfg=dict(type='BN')),
    rpn_head=dict(
        in_channels=_channels,
        feat_channels=_channels,
        # Anchors of 16 to 256 px: images are about half the stock size.
        anchor_generator=dict(scales=[2, 4], strides=_strides)),
    roi_head=dict(
        bbox_roi_extractor=_roi,
        bbox_head=dict(
            in_channels=_channels, fc_out_channels=256, num_classes=1),
        mask_roi_extractor=_roi,
        mask_head=dict(
            num_convs=3,
            in_channels=_channels,
            conv_out_channels=64,
            # Only the first is trained.  The stock head draws its last layer
            # with a spread of sqrt(2 / classes): with one class the first
            # masks are so sure and so wrong that unlearning takes the training.
            num_classes=64,
            norm_cfg=dict(type='BN'))),
    train_cfg=dict(
        rpn_proposal=dict(nms_pre=500, max_per_img=300),
        rcnn=dict(sampler=dict(num=128))),
    test_cfg=dict(rpn=dict(nms_pre=500, max_per_img=300)))

backend_args = None
train_pipeline = [
    dict(type='LoadImageFromFile', backend_args=backend_args),
    dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
    dict(
        type='RandomResize',
        scale=image_size,
        ratio_range=(0.75, 1.0),
        keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs'),
]
test_pipeline = [
    dict(type='LoadImageFromFile', backend_args=backend_args),
    dict(type='Resize', scale=image_size, keep_ratio=True),
    dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape',
                   'scale_factor')),
]

_classes = dict(classes=('object', ))
train_dataloader = dict(
    batch_size=2,
    # The two cores compute; one worker that reads ahead is enough.
    num_workers=1,
    persistent_workers=True,
    # A run that was cut off goes on exactly where it stood.
    sampler=dict(type='mmdet_mal.ResumableSampler', shuffle=True),
    dataset=dict(
        type='CocoDataset',
        metainfo=_classes,
        data_root='',
        ann_file='{{$MAL_ANN:masks.json}}',
        data_prefix=dict(img=_data_root + 'images/'),
        filter_cfg=dict(filter_empty_gt=True, min_size=32),
        pipeline=train_pipeline,
        backend_args=backend_args))
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=False,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='CocoDataset',
        metainfo=_classes,
        data_root='',
        ann_file=_data_root + 'annotations/instances_dev.json',
        data_prefix=dict(img=_data_root + 'images/'),
        test_mode=True,
        pipeline=test_pipeline,
        backend_args=backend_args))
test_dataloader = val_dataloader
val_evaluator = dict(
    type='CocoMetric',
    ann_file=_data_root + 'annotations/instances_dev.json',
    metric=['bbox', 'segm'],
    format_only=False,
    backend_args=backend_args)
test_evaluator = val_evaluator

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.05),
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.1))),
    clip_grad=dict(max_norm=5.0, norm_type=2))
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
train_cfg = dict(
    type='mmdet_mal.ResumableTrainLoop',
    max_epochs=max_epochs,
    val_interval=max_epochs)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

default_hooks = dict(
    logger=dict(interval=5),
    checkpoint=dict(
        type='mmdet_mal.AtomicCheckpointHook', interval=1, max_keep_ckpts=2))
log_processor = dict(window_size=20)
randomness = dict(seed=0)
auto_scale_lr = dict(enable=False, base_batch_size=2)
