"""MAL with ViT-MAE-B/16 on PASCAL VOC 2012.

    mal convert data/VOCdevkit/VOC2012 --from voc --split train --corners pixels \\
        --images data/VOCdevkit/VOC2012/JPEGImages \\
        --out data/VOCdevkit/VOC2012/boxes_train.json

VOC 2007 and other sets in its layout: another folder.
"""
_base_ = './mal_vit-mae-b_coco.py'

data_root = '{{$MAL_DATA_ROOT:data}}/VOCdevkit/VOC2012/'

_boxes = dict(
    data_root=data_root,
    ann_file='boxes_train.json',
    data_prefix=dict(img='JPEGImages/'))
train_dataloader = dict(dataset=dict(known_faults=(), **_boxes))
test_dataloader = dict(dataset=_boxes)
