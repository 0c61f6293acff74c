# The light Mask R-CNN of this folder, each mask's loss weighted by the score of
# its label: does weighting help a detector?  (docs/phase2.md, "Weighted by score")
_base_ = ['./mask-rcnn_deit-ti_coco-mini.py', '../_base_/score_weighted.py']

train_dataloader = dict(dataset=_base_.scored_dataset)
model = _base_.scored_roi_model
