"""`mal_deit-ti_coco-mini.py` without what is ours and no preset decides.

What is left of it: data, crops of 224 px, six frozen blocks, width 96, rates,
epochs, the teacher's pace.  Off: two maps, ten of twelve blocks, grouping
loss, CRF weight 1; at labelling grouping, mean field and larger crops;
calibration.
"""
_base_ = '../mal_deit-ti_coco-mini.py'

model = dict(
    network=dict(
        encoder=dict(
            _delete_=True,
            type='mmpretrain.VisionTransformer',
            arch='deit-tiny',
            img_size=_base_.crop_size[0],
            patch_size=16,
            out_type='featmap',
            frozen_stages=6),
        decoder=dict(in_channels=[192])),
    crf_loss=dict(loss_weight=0.5),
    grouping_loss=None,
    label_grouping=None,
    refine='none',
    quality=None)

_load, _expand, _crop, _flip, _branch = _base_.train_pipeline
test_pipeline = [
    dict(_base_.test_pipeline[0], rate=0.3), _crop, _base_.test_pipeline[2]
]
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
