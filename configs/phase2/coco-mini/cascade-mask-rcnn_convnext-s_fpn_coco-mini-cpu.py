# Cascade Mask R-CNN ConvNeXt-S for a few CPU iterations on coco_mini: random backbone,
# small images, fp32 (the stock AmpOptimWrapper asserts that it has an accelerator).
_base_ = [
    '../cascade-mask-rcnn_convnext-s-p4-w7_fpn_4conv1fc-giou_amp-ms-crop-3x_coco.py',
    '../_base_/coco_mini_cpu.py'
]

model = dict(backbone=dict(init_cfg=None))
optim_wrapper = dict(type='OptimWrapper')

# The stock steps at a quarter of their size: resize, or resize, crop, resize.
train_pipeline = _base_.train_pipeline
mini_scales = [(120, 333), (160, 333), (200, 333)]
train_pipeline[3].transforms[0][0].scales = mini_scales
train_pipeline[3].transforms[1][0].scales = [(100, 333), (125, 333), (150, 333)]
train_pipeline[3].transforms[1][1].crop_size = (96, 150)
train_pipeline[3].transforms[1][2].scales = mini_scales

train_dataloader = _base_.mini_train_dataloader
train_dataloader.dataset.pipeline = train_pipeline
train_cfg = _base_.mini_train_cfg
default_hooks = _base_.mini_default_hooks
log_processor = _base_.mini_log_processor
val_dataloader = val_evaluator = val_cfg = None
