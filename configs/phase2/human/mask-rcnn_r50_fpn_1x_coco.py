# The human twin of Mask R-CNN, ResNet-50:
# same schedule, original annotations.
_base_ = [
    '../mask-rcnn_r50_fpn_1x_coco.py',
    '../_base_/human_json.py'
]

train_dataloader = dict(dataset=_base_.human_dataset)
