"""Ten epochs of AdamW, one of them warm-up, cosine to a fifth (paper 4.2)."""
max_epochs = 10

optim_wrapper = dict(
    type='mmdet_mal.AutoPrecisionOptimWrapper',
    constructor='mmdet_mal.StudentOptimWrapperConstructor',
    optimizer=dict(
        type='AdamW', lr=4.8e-5, betas=(0.9, 0.9), weight_decay=5e-4),
    # Ours: clipping keeps a rare huge gradient from undoing the run.
    clip_grad=dict(max_norm=5.0, norm_type=2))

# The learning rate is stated for a global batch of 32: 1.5e-6 per image.
auto_scale_lr = dict(enable=True, base_batch_size=32)

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=1e-3,
        by_epoch=True,
        begin=0,
        end=1,
        convert_to_iter_based=True),
    dict(
        type='CosineAnnealingLR',
        eta_min_ratio=0.2,
        by_epoch=True,
        begin=1,
        end=max_epochs,
        T_max=max_epochs - 1,
        convert_to_iter_based=True),
]
train_cfg = dict(type='mmdet_mal.ResumableTrainLoop', max_epochs=max_epochs)
