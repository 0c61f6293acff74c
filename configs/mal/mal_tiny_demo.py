"""MAL for `make demo`: a small ViT from random weights on drawn pictures.

    python tools/demo.py

Four blocks of 128 channels on 8 px patches of 128 px crops, for a few minutes
of two CPU cores.  The data lie in MAL_DEMO_DIR/data (the demo sets it).
"""
_base_ = [
    './_base_/default_runtime.py',
    './_base_/coco_boxes_512.py',
    './_base_/mal_vit.py',
    './_base_/schedule_10e.py',
]

data_root = '{{$MAL_DEMO_DIR:work_dirs/demo}}/data/'
crop_size = (128, 128)
max_epochs = 10
_batch_size = 8

model = dict(
    network=dict(
        encoder=dict(
            _delete_=True,
            type='mmpretrain.VisionTransformer',
            arch=dict(
                embed_dims=128,
                num_layers=4,
                num_heads=4,
                feedforward_channels=384),
            img_size=crop_size[0],
            patch_size=8,
            out_type='featmap'),
        # Without size routing: a crop of 128 px has no resolution to spare.
        decoder=dict(in_channels=[128], channels=64, size_routing=False)),
    # A soft clamp lets the colours outvote a network that knows little yet.
    crf_loss=dict(
        zeta=0.3, clamp=0.1, max_iters=20, loss_weight=1.0, warmup_iters=150),
    predictor='mean')

# The shared pipelines with smaller crops and without colour changes: a few
# minutes are too short to learn to ignore them.
_crop = dict(type='mmdet_mal.CropBox', size=crop_size, padding='reflect')
_load, _expand, _crop_512, _flip, _branch = _base_.train_pipeline
_pack = _branch['teacher'][0]
train_pipeline = [
    _load, _expand, _crop, _flip,
    dict(_branch, student=[_pack])
]
test_pipeline = [_base_.test_pipeline[0], _crop, _pack]

_data = dict(
    data_root=data_root,
    data_prefix=dict(img='images/'))
train_dataloader = dict(
    batch_size=_batch_size,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(
        ann_file='boxes_train.json',
        min_area=400,
        known_faults=(),
        cache_images=True,
        pipeline=train_pipeline,
        **_data))
test_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    dataset=dict(ann_file='boxes_val.json', pipeline=test_pipeline, **_data))

optim_wrapper = dict(
    optimizer=dict(lr=8e-4, betas=(0.9, 0.95), weight_decay=0.01))
auto_scale_lr = dict(base_batch_size=_batch_size)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.02, by_epoch=False, begin=0, end=60),
    dict(
        type='CosineAnnealingLR',
        eta_min_ratio=0.05,
        by_epoch=True,
        begin=0,
        end=max_epochs,
        T_max=max_epochs,
        convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=max_epochs)
default_hooks = dict(logger=dict(interval=20))
# Few steps need a faster teacher than the paper's 0.004.
custom_hooks = [
    dict(type='mmdet_mal.MeanTeacherHook', momentum=0.02, interval=1,
         skip_buffer=False),
    dict(type='mmdet_mal.PseudoLabelHook'),
]
