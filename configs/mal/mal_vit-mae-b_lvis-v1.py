"""MAL with ViT-MAE-B/16 on LVIS v1: phase 1 of the paper's table 2.

The file is read as it is published: an image is named by its `coco_url`, below
the folder that holds COCO's `train2017/` and `val2017/`.  The masks JSON is the
same file with masks, which stock LVIS recipes read (configs/phase2).

A labeller that was trained on COCO labels LVIS too, without this config:
docs/datasets.md.
"""
_base_ = './mal_vit-mae-b_coco.py'

data_root = '{{$MAL_DATA_ROOT:data}}/lvis_v1/'

_boxes = dict(
    data_root=data_root,
    ann_file='annotations/lvis_v1_train.json',
    data_prefix=dict(img=''))
train_dataloader = dict(dataset=dict(known_faults=(), **_boxes))
test_dataloader = dict(dataset=_boxes)
