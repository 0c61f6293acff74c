# The human twin of SOLOv2, ResNeXt-101 64x4d with deformable convolutions:
# same schedule, original annotations.
_base_ = [
    '../solov2_x101-dcn_fpn_ms-3x_coco.py',
    '../_base_/human_json.py'
]

train_dataloader = dict(dataset=_base_.human_dataset)
