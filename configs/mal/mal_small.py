"""Preset `small`: the recipe of mal_deit-ti_coco-mini.py on your own boxes.

    mal auto boxes.json photos/ -o masks --preset small

sets everything below.  By hand:

    MAL_BOXES=boxes.json MAL_IMAGES=photos/ mal train mal_small

MAL_EPOCHS and MAL_EPOCH_ITERS (boxes / 16, rounded up) fit the schedule to the
number of boxes; the defaults are those of the recipe.  MAL_WEIGHTS is the file
`deit_tiny_patch16_224.pth` of the DeiT authors (Apache-2.0).  Network, losses
and crops are the recipe's; here are only the data and the length.
"""
_base_ = './mal_deit-ti_coco-mini.py'

max_epochs = {{'$MAL_EPOCHS:18'}}
_epoch_iters = {{'$MAL_EPOCH_ITERS:75'}}
_iters = max_epochs * _epoch_iters

# The recipe's warm-ups, but no more than a tenth of a short run.
model = dict(
    network=dict(
        pretrained='{{$MAL_WEIGHTS:weights/deit_tiny_patch16_224-a1311bcf.pth}}'),
    crf_loss=dict(warmup_iters=min(100, _iters // 10)),
    grouping_loss=dict(fade_iters=max(1, _iters // 2)))
_warmup = min(50, max(1, _iters // 10))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.02, by_epoch=False, begin=0,
         end=_warmup),
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

_data = dict(
    data_root='',
    ann_file='{{$MAL_BOXES:boxes.json}}',
    data_prefix=dict(img='{{$MAL_IMAGES:images/}}'))
# Boxes that cannot be used are named in the log and left out.
train_dataloader = dict(dataset=dict(faults='skip', **_data))
test_dataloader = dict(dataset=_data)
