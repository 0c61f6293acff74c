# Mask2Former, Swin-S: the stock recipe on masks from boxes (paper table 1).
_base_ = [
    'mmdet::mask2former/mask2former_swin-s-p4-w7-224_8xb2-lsj-50e_coco.py',
    './_base_/masks_json.py'
]

custom_imports = dict(imports=['mmdet_mal'], allow_failed_imports=False)

train_dataloader = dict(dataset=_base_.masks_dataset)
