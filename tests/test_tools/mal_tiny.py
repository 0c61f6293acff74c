"""MAL small enough for a test, with the chance of a real recipe.

Crop, flip and colour are drawn per sample, so one process and two see the
same.  MAL_TINY_ROOT is the data.
"""
_base_ = [
    '../../configs/mal/_base_/default_runtime.py',
    '../../configs/mal/_base_/coco_boxes_512.py',
    '../../configs/mal/_base_/mal_vit.py',
    '../../configs/mal/_base_/schedule_10e.py',
]
data_root = '{{$MAL_TINY_ROOT:.}}/'
_size = (64, 64)
_expand = dict(type='mmdet_mal.FixedBoxExpansion', rate=0.3)
_crop = dict(type='mmdet_mal.CropBox', size=_size, padding='reflect')
_load, _random_expand, _crop_512, _flip, _branch = _base_.train_pipeline
_pack = _base_.test_pipeline[-1]

_data = dict(
    data_root=data_root, ann_file='boxes.json', data_prefix=dict(img='images/'))
train_dataloader = dict(
    batch_size=4, num_workers=0, persistent_workers=False,
    dataset=dict(
        min_area=100, **_data,
        pipeline=[_load, _random_expand, _crop, _flip, _branch]))
test_dataloader = dict(
    num_workers=0,
    dataset=dict(**_data, chunk_boxes=3, pipeline=[_expand, _crop, _pack]))

model = dict(
    network=dict(
        encoder=dict(
            _delete_=True,
            type='mmpretrain.VisionTransformer',
            arch=dict(embed_dims=32, num_layers=2, num_heads=2,
                      feedforward_channels=64),
            patch_size=16,
            out_type='featmap',
            img_size=64),
        decoder=dict(in_channels=[32], channels=16)))

# Fast enough that a wrong gradient shows within eight steps.
optim_wrapper = dict(optimizer=dict(lr=1e-3))
auto_scale_lr = dict(enable=False)
train_cfg = dict(max_epochs=2)
default_hooks = dict(logger=dict(interval=1))
log_processor = dict(window_size=1)
