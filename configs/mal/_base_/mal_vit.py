"""Mask Auto-Labeler with a plain ViT: the constants of the paper.

A config overrides `arch`, `img_size`, `in_channels` and `pretrained`.
"""
model = dict(
    type='mmdet_mal.MaskAutoLabeler',
    data_preprocessor=dict(
        type='mmdet.MultiBranchDataPreprocessor',
        data_preprocessor=dict(
            type='mmdet.DetDataPreprocessor',
            mean=[123.675, 116.28, 103.53],
            std=[58.395, 57.12, 57.375],
            bgr_to_rgb=True)),
    network=dict(
        type='mmdet_mal.MaskNetwork',
        encoder=dict(
            type='mmpretrain.VisionTransformer',
            arch='b',
            img_size=512,
            patch_size=16,
            out_type='featmap'),
        decoder=dict(
            type='mmdet_mal.AttentionMaskHead',
            in_channels=[768],
            channels=256,
            pool='max',
            key_layers=1,
            upsample_after=2,
            size_routing=True)),
    mil_loss=dict(type='mmdet_mal.MILLoss', bags='joint', loss_weight=4.0),
    crf_loss=dict(
        type='mmdet_mal.CRFLoss', zeta=0.5, omega=2.0, max_iters=100,
        loss_weight=0.5),
    predictor='teacher',
    postprocess=dict(threshold=0.5))

# teacher = (1 - 0.004) * teacher + 0.004 * student, each step.
custom_hooks = [
    dict(type='mmdet_mal.MeanTeacherHook', momentum=0.004, interval=1,
         skip_buffer=False),
    dict(type='mmdet_mal.PseudoLabelHook'),
    # An epoch of COCO takes hours; these are dropped as newer ones come.
    dict(type='mmdet_mal.AtomicCheckpointHook', by_epoch=False, interval=2000,
         max_keep_ckpts=2, save_last=False),
]
