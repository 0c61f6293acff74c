"""Yardstick, for research: `mal_deit-ti_coco-mini.py` trained on human masks.

    python tools/train.py configs/mal/supervised_deit-ti_coco-mini.py

Same network, start, boxes, crops, colours, batch, rates, epochs and teacher;
the losses on boxes give way to dice and cross-entropy on the masks of
`instances_train.json`.  Mask retention is the labeller's mean IoU on other
photographs divided by this model's.  Its masks are not for use: whoever has
human masks needs no labeller.

Labels are cut by the rules that suit a network alone: crops of the size that it
was trained with, the mean with the mirrored crop, mean field, ellipse prior of
small boxes (docs/experiments.md, sections 13 and 17).  Whether a network that
saw masks gains by the last two is asked with:

    --cfg-options model.refine=none model.postprocess.ellipse_prior=0
"""
_base_ = './mal_deit-ti_coco-mini.py'

model = dict(
    type='mmdet_mal.SupervisedTwin',
    mask_loss=dict(
        type='mmdet_mal.HumanMaskLoss', dice_weight=1.0, bce_weight=1.0),
    grouping_loss=None,
    # It would tell how good the grouping is, not the network.
    label_grouping=None,
    flip=True,
    postprocess=dict(ellipse_prior=4.0),
    # The calibration was fitted on the labeller's masks.
    quality=None)

_load, _expand, _crop, _flip, _branch = _base_.train_pipeline
train_pipeline = [
    _load, _expand, _crop,
    dict(type='mmdet_mal.CropHumanMask'), _flip, _branch
]
train_dataloader = dict(
    dataset=dict(
        type='mmdet_mal.HumanMaskDataset',
        ann_file='annotations/instances_train.json',
        pipeline=train_pipeline))
test_pipeline = [
    dict(_base_.test_pipeline[0], rate=0.3), _crop, _base_.test_pipeline[2]
]
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
