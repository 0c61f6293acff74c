# Mask R-CNN, ResNet-50, LVIS v1.
#
# Each mask's loss is weighted by the score of its label (docs/phase2.md).
_base_ = [
    '../mask-rcnn_r50_fpn_sample1e-3_ms-1x_lvis-v1.py',
    '../_base_/score_weighted.py'
]

train_dataloader = dict(dataset=dict(dataset=_base_.scored_lvis_dataset))
model = _base_.scored_roi_model
