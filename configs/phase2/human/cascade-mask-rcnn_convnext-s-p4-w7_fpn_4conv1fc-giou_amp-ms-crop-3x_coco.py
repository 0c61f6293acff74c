# The human twin of Cascade Mask R-CNN, ConvNeXt-S:
# same schedule, original annotations.
_base_ = [
    '../cascade-mask-rcnn_convnext-s-p4-w7_fpn_4conv1fc-giou_amp-ms-crop-3x_coco.py',
    '../_base_/human_json.py'
]

train_dataloader = dict(dataset=_base_.human_dataset)
