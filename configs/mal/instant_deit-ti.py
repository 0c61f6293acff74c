"""Masks without training: DeiT-Ti/16 groups its tokens, box by box (ours).

    python tools/label.py configs/mal/instant_deit-ti.py \\
        --ann boxes.json --images photos/ --out masks.json

MAL_WEIGHTS is the file `deit_tiny_patch16_224.pth` of the DeiT authors
(Apache-2.0).  Settings: docs/experiments.md.
"""
_base_ = ['./_base_/default_runtime.py', './_base_/coco_boxes_512.py']

crop_size = (320, 320)

model = dict(
    type='mmdet_mal.InstantLabeler',
    pretrained='{{$MAL_WEIGHTS:weights/deit_tiny_patch16_224-a1311bcf.pth}}',
    encoder=dict(
        type='mmpretrain.VisionTransformer',
        # Seven of the twelve blocks: the later ones group worse.
        arch=dict(
            embed_dims=192,
            num_layers=7,
            num_heads=3,
            feedforward_channels=768),
        img_size=crop_size[0],
        patch_size=16,
        out_type='featmap',
        final_norm=False,
        out_indices=(4, 6)),
    grouping=dict(ridge=10.0, rounds=4),
    sharpness=1.0,
    mean_field=dict(
        zeta=0.3, omega=2.0, clamp=0.1, max_iters=50, tolerance=1e-2),
    # Fitted on the human masks of coco_mini's training photographs
    # (docs/quality.md).
    quality=dict(calibration='instant_deit-ti'),
    data_preprocessor=dict(
        type='mmdet.DetDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True))

test_pipeline = [
    dict(type='mmdet_mal.FixedBoxExpansion', rate=0.4),
    dict(type='mmdet_mal.CropBox', size=crop_size, padding='reflect'),
    _base_.test_pipeline[-1],
]
test_dataloader = dict(num_workers=1, dataset=dict(pipeline=test_pipeline))
custom_hooks = [dict(type='mmdet_mal.PseudoLabelHook')]

# Nothing to train.
train_dataloader = None
