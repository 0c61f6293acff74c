"""MAL with ViT-MAE-B/16 on Objects365 v2.

The file is read as it is published, as a stream.  It names images as
`images/v1/patch8/….jpg`; the archives unpack as `patch8/….jpg` (docs/datasets.md
has the two links that bring them together).  Some images that it names are in no
archive: their boxes are left out and counted.

An epoch is about thirty times one of COCO.  `train_dataloader.dataset.indices=N`
trains on the first N boxes; a labeller that was trained on COCO labels the set
without this config.
"""
_base_ = './mal_vit-mae-b_coco.py'

data_root = '{{$MAL_DATA_ROOT:data}}/Objects365/Obj365_v2/'

_boxes = dict(
    data_root=data_root,
    ann_file='annotations/zhiyuan_objv2_train.json',
    data_prefix=dict(img=''))
train_dataloader = dict(
    dataset=dict(
        known_faults=(),
        faults='skip',
        check_images='exists',
        **_boxes))
test_dataloader = dict(dataset=_boxes)
