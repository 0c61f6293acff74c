# SOLOv2, ResNeXt-101 64x4d with deformable convolutions.
#
# Each mask's loss is weighted by the score of its label (docs/phase2.md).
_base_ = [
    '../solov2_x101-dcn_fpn_ms-3x_coco.py',
    '../_base_/score_weighted.py'
]

train_dataloader = dict(dataset=_base_.scored_dataset)
model = _base_.scored_solov2_model
