# Cascade Mask R-CNN, ConvNeXt-S.
#
# Each mask's loss is weighted by the score of its label (docs/phase2.md).
_base_ = [
    '../cascade-mask-rcnn_convnext-s-p4-w7_fpn_4conv1fc-giou_amp-ms-crop-3x_coco.py',
    '../_base_/score_weighted.py'
]

train_dataloader = dict(dataset=_base_.scored_dataset)
model = _base_.scored_roi_model
