# The human twin of Mask R-CNN, ResNeXt-101 32x4d, LVIS v1:
# same schedule, original annotations.
_base_ = [
    '../mask-rcnn_x101-32x4d_fpn_sample1e-3_ms-1x_lvis-v1.py',
    '../_base_/lvis_human_json.py'
]

train_dataloader = dict(dataset=dict(dataset=_base_.human_dataset))
