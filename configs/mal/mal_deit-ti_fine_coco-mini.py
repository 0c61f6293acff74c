"""Four more epochs at 320 px for a finished `mal_deit-ti_coco-mini.py`.

    python tools/train.py configs/mal/mal_deit-ti_fine_coco-mini.py \\
        --cfg-options load_from=work_dirs/mal_deit-ti_coco-mini/epoch_18.pth

The crops are as large as those of the labels; half as long again for masks that
are a little better (docs/experiments.md, section 17).  The teacher starts anew, as
the copy of the loaded student.
"""
_base_ = './mal_deit-ti_coco-mini.py'

load_from = 'work_dirs/mal_deit-ti_coco-mini/epoch_18.pth'
crop_size = _base_.label_size
max_epochs = 4

model = dict(
    # The student is past both.
    crf_loss=dict(warmup_iters=0),
    grouping_loss=None)

_load, _expand, _crop, _flip, _branch = _base_.train_pipeline
train_pipeline = [_load, _expand, dict(_crop, size=crop_size), _flip, _branch]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))

optim_wrapper = dict(optimizer=dict(lr=3e-4))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.02, by_epoch=False, begin=0, end=15),
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
