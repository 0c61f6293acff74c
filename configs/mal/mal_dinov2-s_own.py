"""Preset `dinov2-s`: mal_dinov2-s_coco.py on your own boxes, for one GPU.

    mal auto boxes.json photos/ -o masks --preset dinov2-s

sets everything below.  By hand:

    MAL_BOXES=boxes.json MAL_IMAGES=photos/ mal train mal_dinov2-s_own

MAL_EPOCHS is the length.  MAL_WEIGHTS is the file
`dinov2_vits14_pretrain.pth` of the DINOv2 authors (Apache-2.0).  Network,
losses and crops are the recipe's; here are only the data and the length.  Not
measured by us on a set of a user's size: no GPU was at hand.
"""
_base_ = './mal_dinov2-s_coco.py'

max_epochs = {{'$MAL_EPOCHS:10'}}
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=1e-3,
        by_epoch=True,
        begin=0,
        end=1,
        convert_to_iter_based=True),
    dict(
        type='CosineAnnealingLR',
        eta_min_ratio=0.2,
        by_epoch=True,
        begin=min(1, max_epochs - 1),
        end=max_epochs,
        T_max=max(1, max_epochs - 1),
        convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=max_epochs)

_data = dict(
    data_root='',
    ann_file='{{$MAL_BOXES:boxes.json}}',
    data_prefix=dict(img='{{$MAL_IMAGES:images/}}'))
# Boxes that cannot be used are named in the log and left out.
train_dataloader = dict(
    dataset=dict(min_area=400, known_faults=(), faults='skip', **_data))
test_dataloader = dict(dataset=_data)
