"""MAL with ViT-MAE-B/16 on Cityscapes.

    mal convert data/cityscapes/gtFine/train --from cityscapes \\
        --images data/cityscapes/leftImg8bit/train \\
        --out data/cityscapes/annotations/boxes_train.json
"""
_base_ = './mal_vit-mae-b_coco.py'

data_root = '{{$MAL_DATA_ROOT:data}}/cityscapes/'

_boxes = dict(
    data_root=data_root,
    ann_file='annotations/boxes_train.json',
    data_prefix=dict(img='leftImg8bit/train/'))
train_dataloader = dict(dataset=dict(known_faults=(), **_boxes))
test_dataloader = dict(dataset=_boxes)
