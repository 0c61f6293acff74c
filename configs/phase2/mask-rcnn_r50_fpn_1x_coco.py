# Mask R-CNN, ResNet-50: the stock recipe on masks from boxes.
#
# Not the stock `ms-poly` recipes: they load with poly2mask=False, which turns every
# RLE mask into an ignored instance without a word.
_base_ = [
    'mmdet::mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py',
    './_base_/masks_json.py'
]

custom_imports = dict(imports=['mmdet_mal'], allow_failed_imports=False)

train_dataloader = dict(dataset=_base_.masks_dataset)
