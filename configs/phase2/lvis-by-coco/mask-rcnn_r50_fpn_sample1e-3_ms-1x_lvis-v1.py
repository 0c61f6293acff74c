# Mask R-CNN, ResNet-50, LVIS v1, on masks by a labeller that was trained
# on COCO alone (paper table 2).  What differs is where MAL_ANN points by default.
_base_ = [
    '../mask-rcnn_r50_fpn_sample1e-3_ms-1x_lvis-v1.py',
    '../_base_/lvis_by_coco_masks_json.py'
]

train_dataloader = dict(dataset=dict(dataset=_base_.by_coco_dataset))
