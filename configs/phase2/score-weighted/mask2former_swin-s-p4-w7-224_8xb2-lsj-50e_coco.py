# Mask2Former, Swin-S.
#
# Each mask's loss is weighted by the score of its label (docs/phase2.md).
_base_ = [
    '../mask2former_swin-s-p4-w7-224_8xb2-lsj-50e_coco.py',
    '../_base_/score_weighted.py'
]

train_dataloader = dict(dataset=_base_.scored_dataset)
model = _base_.scored_mask2former_model
