# SOLOv2, ResNet-50.
#
# Each mask's loss is weighted by the score of its label (docs/phase2.md).
_base_ = [
    '../solov2_r50_fpn_ms-3x_coco.py',
    '../_base_/score_weighted.py'
]

train_dataloader = dict(dataset=_base_.scored_dataset)
model = _base_.scored_solov2_model
