# SOLOv2, ResNet-101 with deformable convolutions: the stock recipe
# on masks from boxes (paper table 1).
_base_ = [
    'mmdet::solov2/solov2_r101-dcn_fpn_ms-3x_coco.py',
    './_base_/masks_json.py'
]

custom_imports = dict(imports=['mmdet_mal'], allow_failed_imports=False)

train_dataloader = dict(dataset=_base_.masks_dataset)
