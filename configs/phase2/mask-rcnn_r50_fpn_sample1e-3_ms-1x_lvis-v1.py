# Mask R-CNN, ResNet-50, LVIS v1: the stock recipe on masks from boxes
# (paper table 2).
#
# MAL_ANN names the masks JSON; by whom it was labelled is not said here.  The rows
# "labeller trained on COCO only" are the same recipe: ./lvis-by-coco.
_base_ = [
    'mmdet::lvis/mask-rcnn_r50_fpn_sample1e-3_ms-1x_lvis-v1.py',
    './_base_/lvis_masks_json.py'
]

custom_imports = dict(imports=['mmdet_mal'], allow_failed_imports=False)

train_dataloader = dict(dataset=dict(dataset=_base_.masks_dataset))
