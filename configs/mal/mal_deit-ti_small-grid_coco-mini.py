"""The recipe `small` in minutes on one core, to compare settings with.

    python tools/ablation.py configs/mal/ablations/small_data.yaml \\
        --config configs/mal/mal_deit-ti_small-grid_coco-mini.py --max-iters 300

Its masks are for grids, not for people: crops of 160 px (224 px to label) in
batches of 8; all else is as in mal_deit-ti_coco-mini.py.
"""
_base_ = './mal_deit-ti_coco-mini.py'

crop_size = (160, 160)
label_size = (224, 224)  # larger by as much as in the recipe
_batch_size = 8
_iters = _base_.max_epochs * 149  # 1188 boxes in batches of 8

model = dict(
    network=dict(encoder=dict(img_size=crop_size[0])),
    # `--max-iters 300` makes a ninth of what is counted in iterations: 60 of
    # warm-up, as below, and half the run with the grouping loss.
    crf_loss=dict(warmup_iters=540),
    grouping_loss=dict(fade_iters=_iters // 2))

_load, _expand, _crop, _flip, _branch = _base_.train_pipeline
_crop = dict(_crop, size=crop_size)
train_pipeline = [_load, _expand, _crop, _flip, _branch]
test_pipeline = [
    _base_.test_pipeline[0], dict(_crop, size=label_size), _base_.test_pipeline[2]
]
train_dataloader = dict(
    batch_size=_batch_size, dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

# Smaller batches, as many more steps: the recipe's rate for each of them.
auto_scale_lr = dict(base_batch_size=_batch_size)
_warmup, _cosine = _base_.param_scheduler
param_scheduler = [dict(_warmup, end=540), _cosine]
