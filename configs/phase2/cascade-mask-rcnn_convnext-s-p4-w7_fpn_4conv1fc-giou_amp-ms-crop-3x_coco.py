# Cascade Mask R-CNN, ConvNeXt-S: the stock recipe on masks from boxes (paper table 1).
_base_ = [
    'mmdet::convnext/cascade-mask-rcnn_convnext-s-p4-w7_fpn_4conv1fc-giou_amp-ms-crop-3x_coco.py',
    './_base_/masks_json.py'
]

custom_imports = dict(
    imports=['mmdet_mal', 'mmpretrain.models'], allow_failed_imports=False)

train_dataloader = dict(dataset=_base_.masks_dataset)
