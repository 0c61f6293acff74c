# Mask R-CNN R50 for a few CPU iterations on coco_mini: random backbone, small images.
_base_ = [
    '../mask-rcnn_r50_fpn_1x_coco.py',
    '../_base_/coco_mini_cpu.py'
]

model = dict(backbone=dict(init_cfg=None))

# The stock steps at a quarter of their size.
train_pipeline = _base_.train_pipeline
train_pipeline[2].scale = (333, 200)

train_dataloader = _base_.mini_train_dataloader
train_dataloader.dataset.pipeline = train_pipeline
train_cfg = _base_.mini_train_cfg
default_hooks = _base_.mini_default_hooks
log_processor = _base_.mini_log_processor
val_dataloader = val_evaluator = val_cfg = None
