"""The preset `paper` in minutes on one core, to compare settings with.

    python tools/ablation.py configs/mal/ablations/theta.yaml \\
        --config configs/mal/mal_deit-ti_quick_coco-mini.py --max-iters 300

Its masks are for grids, not for people: crops of 128 px, batches of 8 and eight
of the twelve blocks, the last two of them trained.
"""
_base_ = './mal_deit-ti_paper_coco-mini.py'

crop_size = (128, 128)
_batch_size = 8

model = dict(
    network=dict(
        encoder=dict(
            arch=dict(
                _delete_=True,
                embed_dims=192,
                num_layers=8,
                num_heads=3,
                feedforward_channels=768),
            img_size=crop_size[0])))

_load, _expand, _crop, _flip, _branch = _base_.train_pipeline
_crop = dict(_crop, size=crop_size)
train_pipeline = [_load, _expand, _crop, _flip, _branch]
test_pipeline = [_base_.test_pipeline[0], _crop, _base_.test_pipeline[2]]
train_dataloader = dict(
    batch_size=_batch_size, dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

# `--max-iters 300` makes 60 iterations of it.  After the 6 that 50 would become,
# some settings end as full boxes and stay there.
_warmup, _cosine = _base_.param_scheduler
param_scheduler = [dict(_warmup, end=540), _cosine]
