# Mask2Former Swin-S for a few CPU iterations on coco_mini: random backbone,
# small images.
_base_ = [
    '../mask2former_swin-s-p4-w7-224_8xb2-lsj-50e_coco.py',
    '../_base_/coco_mini_cpu.py'
]

mini_size = (256, 256)

# The stock batch is padded to its crop of 1024 px, whatever the images measure.
batch_augments = _base_.batch_augments
batch_augments[0].size = mini_size
model = dict(
    backbone=dict(init_cfg=None),
    data_preprocessor=dict(batch_augments=batch_augments))

# The stock large-scale jitter at a quarter of its size.
train_pipeline = _base_.train_pipeline
train_pipeline[3].scale = mini_size
train_pipeline[4].crop_size = mini_size

train_dataloader = _base_.mini_train_dataloader
train_dataloader.dataset.pipeline = train_pipeline
train_cfg = _base_.mini_train_cfg
default_hooks = _base_.mini_default_hooks
log_processor = _base_.mini_log_processor
val_dataloader = val_evaluator = val_cfg = None
