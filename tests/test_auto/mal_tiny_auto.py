"""As configs/mal/mal_small.py, on a network of 32 channels and 64 px crops."""
_base_ = [
    '../../configs/mal/_base_/default_runtime.py',
    '../../configs/mal/_base_/coco_boxes_512.py',
    '../../configs/mal/_base_/mal_vit.py',
    '../../configs/mal/_base_/schedule_10e.py',
]
_size = (64, 64)
_crop = dict(type='mmdet_mal.CropBox', size=_size, padding='reflect')
_load, _expand, _crop_512, _flip, _branch = _base_.train_pipeline
train_pipeline = [_load, _expand, _crop, _flip, _branch]
test_pipeline = [_base_.test_pipeline[0], _crop, _base_.test_pipeline[-1]]
train_dataloader = dict(
    dataset=dict(min_area=400, known_faults=(), faults='skip',
                 pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(chunk_boxes=4, pipeline=test_pipeline))

model = dict(
    network=dict(
        pretrained='{{$MAL_WEIGHTS:tiny.pth}}',
        encoder=dict(
            _delete_=True,
            type='mmpretrain.VisionTransformer',
            arch=dict(embed_dims=32, num_layers=2, num_heads=2,
                      feedforward_channels=64),
            patch_size=16,
            out_type='featmap',
            img_size=64),
        decoder=dict(in_channels=[32], channels=16)))
optim_wrapper = dict(optimizer=dict(lr=1e-3))
auto_scale_lr = dict(enable=False)
max_epochs = {{'$MAL_EPOCHS:2'}}
param_scheduler = []
train_cfg = dict(max_epochs=max_epochs)
