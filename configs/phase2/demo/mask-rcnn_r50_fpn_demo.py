# Mask R-CNN R50 for a few CPU iterations on the masks of `make demo`: the stock recipe
# with another data set, six classes, a random backbone and small images.
#
# Environment: MAL_DEMO_DIR is the folder of the demo (default work_dirs/demo).
_base_ = '../mask-rcnn_r50_fpn_1x_coco.py'

model = dict(
    backbone=dict(init_cfg=None),
    roi_head=dict(bbox_head=dict(num_classes=6), mask_head=dict(num_classes=6)))

# The stock steps at about the size of the drawn pictures.
train_pipeline = _base_.train_pipeline
train_pipeline[2].scale = (320, 224)

# Images are read in the main process: on two cores workers cost more than they give.
train_dataloader = dict(
    batch_size=2,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(
        data_root='',
        ann_file='{{$MAL_DEMO_DIR:work_dirs/demo}}/labels/train.json',
        data_prefix=dict(img='{{$MAL_DEMO_DIR:work_dirs/demo}}/data/images/'),
        metainfo=dict(
            classes=('ellipse', 'polygon', 'star', 'blob', 'bow', 'bar')),
        pipeline=train_pipeline))

# A few iterations in place of the stock epochs, without validation.
train_cfg = dict(
    _delete_=True, type='IterBasedTrainLoop', max_iters=15, val_interval=1000)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=15)
]
val_dataloader = val_evaluator = val_cfg = None
test_dataloader = test_evaluator = test_cfg = None
default_hooks = dict(
    logger=dict(interval=2),
    checkpoint=dict(by_epoch=False, interval=-1, save_last=False))
log_processor = dict(window_size=5, by_epoch=False)
randomness = dict(seed=0)
