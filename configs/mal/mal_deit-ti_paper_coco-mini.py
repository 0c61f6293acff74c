"""The preset `paper` for a laptop: DeiT-Ti/16 on coco_mini.

    python tools/train.py configs/mal/mal_deit-ti_paper_coco-mini.py
    python tools/test.py configs/mal/mal_deit-ti_paper_coco-mini.py CHECKPOINT

One of a pair with `mal_deit-ti_released_coco-mini.py`, which differs in the
preset alone.
"""
_base_ = [
    './_base_/deit-ti_plain_coco-mini.py', './_base_/presets/paper.py'
]

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
