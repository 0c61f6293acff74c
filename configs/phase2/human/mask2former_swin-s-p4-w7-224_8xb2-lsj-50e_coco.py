# The human twin of Mask2Former, Swin-S:
# same schedule, original annotations.
_base_ = [
    '../mask2former_swin-s-p4-w7-224_8xb2-lsj-50e_coco.py',
    '../_base_/human_json.py'
]

train_dataloader = dict(dataset=_base_.human_dataset)
