"""MAL with ViT-MAE-B/16 on COCO as the authors' published code behaves.

    bash tools/dist_train.sh configs/mal/mal_vit-mae-b_released_coco.py 8
    bash tools/dist_test.sh configs/mal/mal_vit-mae-b_released_coco.py \\
        CHECKPOINT 8

The config of the paper with the preset `released` over it.  The same lines
put a preset over any other config with the paper's decoder: change the first
base.  Weights: see `mal_vit-mae-b_coco.py`.
"""
_base_ = ['./mal_vit-mae-b_coco.py', './_base_/presets/released.py']

# What the preset says goes where it belongs.
model = _base_.preset_model
_load, _expand, _crop, _flip, _branch = _base_.train_pipeline
_crop = dict(_crop, **_base_.preset_crop)
train_pipeline = [
    _load,
    dict(_expand, **_base_.preset_expansion), _crop, _flip, _branch
]
test_pipeline = [_base_.test_pipeline[0], _crop, _base_.test_pipeline[2]]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
custom_hooks = [
    dict(hook, type=_base_.preset_teacher_hook)
    if hook['type'].endswith('.MeanTeacherHook') else hook
    for hook in _base_.custom_hooks
]
optim_wrapper = _base_.preset_optim_wrapper
