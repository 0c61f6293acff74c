"""MAL with ViT-MAE-B/16 on SBD, the 8498 training images of VOC's size.

SBD's images and boxes lie in VOC 2012; its list names which belong to it:

    cp SBD/dataset/train.txt data/VOCdevkit/VOC2012/ImageSets/Main/sbd_train.txt
    mal convert data/VOCdevkit/VOC2012 --from voc --split sbd_train --corners pixels \\
        --images data/VOCdevkit/VOC2012/JPEGImages \\
        --out data/VOCdevkit/VOC2012/boxes_sbd_train.json
"""
_base_ = './mal_vit-mae-b_coco.py'

data_root = '{{$MAL_DATA_ROOT:data}}/VOCdevkit/VOC2012/'

_boxes = dict(
    data_root=data_root,
    ann_file='boxes_sbd_train.json',
    data_prefix=dict(img='JPEGImages/'))
train_dataloader = dict(dataset=dict(known_faults=(), **_boxes))
test_dataloader = dict(dataset=_boxes)
