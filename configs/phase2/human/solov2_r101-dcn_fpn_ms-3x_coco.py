# The human twin of SOLOv2, ResNet-101 with deformable convolutions:
# same schedule, original annotations.
_base_ = [
    '../solov2_r101-dcn_fpn_ms-3x_coco.py',
    '../_base_/human_json.py'
]

train_dataloader = dict(dataset=_base_.human_dataset)
