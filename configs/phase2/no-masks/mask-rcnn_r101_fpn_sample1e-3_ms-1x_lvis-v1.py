# Mask R-CNN, ResNet-101, LVIS v1 without its mask branch:
# what boxes alone give (paper table 7).
_base_ = [
    '../mask-rcnn_r101_fpn_sample1e-3_ms-1x_lvis-v1.py',
    '../_base_/lvis_human_json.py'
]

model = dict(roi_head=dict(mask_head=None, mask_roi_extractor=None))

train_pipeline = _base_.train_pipeline
train_pipeline[1].with_mask = False
train_dataloader = dict(
    dataset=dict(
        dataset=dict(_base_.human_dataset, pipeline=train_pipeline)))
test_pipeline = _base_.test_pipeline
test_pipeline[2].with_mask = False
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(metric=['bbox'])
test_evaluator = val_evaluator
