# Mask R-CNN, ResNet-50.
#
# Each mask's loss is weighted by the score of its label (docs/phase2.md).
_base_ = [
    '../mask-rcnn_r50_fpn_1x_coco.py',
    '../_base_/score_weighted.py'
]

train_dataloader = dict(dataset=_base_.scored_dataset)
model = _base_.scored_roi_model
