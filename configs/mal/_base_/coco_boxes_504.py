"""Boxes of COCO 2017 as 504 px crops, for encoders with patches of 14 px.

504 is the largest side up to the paper's 512 that both 14 and 4 divide: the
patches cover the crop exactly, and so do the scores of stride 4.  The 518 px
of DINOv2's own training are no multiple of 4 (docs/encoders.md).
"""
_base_ = './coco_boxes_512.py'

crop_size = (504, 504)


def _at_crop_size(pipeline, size=crop_size):
    return [
        dict(step, size=size)
        if step['type'] == 'mmdet_mal.CropBox' else step for step in pipeline
    ]


train_pipeline = _at_crop_size(_base_.train_pipeline)
test_pipeline = _at_crop_size(_base_.test_pipeline)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
