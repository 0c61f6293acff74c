"""MAL with ViT-MAE-B/16 on COCO, arranged for GPUs.

    bash tools/dist_train.sh configs/mal/mal_vit-mae-b_gpu_coco.py 8

Method, numbers drawn and checkpoints are those of `mal_vit-mae-b_coco.py`; what
differs is who does what, docs/gpu.md.  The same lines put the speed settings
over any other config with these pipelines: change the first base.  Less memory,
or kernels compiled for this network:

    --cfg-options default_hooks.checkpointing.type=mmdet_mal.ActivationCheckpointHook
    --cfg-options default_hooks.compile.type=mmdet_mal.CompileHook
"""
_base_ = ['./mal_vit-mae-b_coco.py', './_base_/speed/gpu.py']

model = dict(data_preprocessor=_base_.speed_data_preprocessor)
_load, _expand, _crop, _flip, _branch = _base_.train_pipeline
*_colour, _pack = _branch['student']
train_pipeline = [
    _load,
    _expand,
    dict(_crop, type='mmdet_mal.CutWindow'),
    _flip,
    dict(type='mmdet_mal.DrawColour', transforms=_colour),
    dict(_pack, type='mmdet_mal.PackWindow'),
]
train_dataloader = dict(
    dataset=dict(pipeline=train_pipeline), **_base_.speed_dataloader)
optim_wrapper = _base_.speed_optim_wrapper
default_hooks = dict(defer_log=_base_.speed_log)
env_cfg = _base_.speed_env_cfg
