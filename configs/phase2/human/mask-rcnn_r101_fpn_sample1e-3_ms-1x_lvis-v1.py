# The human twin of Mask R-CNN, ResNet-101, LVIS v1:
# same schedule, original annotations.
_base_ = [
    '../mask-rcnn_r101_fpn_sample1e-3_ms-1x_lvis-v1.py',
    '../_base_/lvis_human_json.py'
]

train_dataloader = dict(dataset=dict(dataset=_base_.human_dataset))
