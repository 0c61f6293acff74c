"""Preset `paper`: what the paper says, where the released code does otherwise.

These are the values of every config here that names no preset.  How a config
takes a preset: `mal_vit-mae-b_released_coco.py`.  docs/paper_vs_released.md
explains each line.
"""
# Names of their own: MMEngine lets no base override another one's settings.
preset = 'paper'

preset_model = dict(
    network=dict(
        decoder=dict(
            pool='max',
            key_layers=1,
            upsample_after=2,
            size_ranges='half_open')),
    mil_loss=dict(bags='joint', warmup_iters=0, eps=1e-3),
    crf_loss=dict(
        zeta=0.5,
        omega=2.0,
        window='ring',
        clamp=1e-4,
        box='labels',
        max_iters=100,
        tolerance=1e-3,
        warmup_iters=0),
    teacher_start='copy')

preset_expansion = dict(rule='paper')
preset_crop = dict(padding='reflect', overhang='ignored')
preset_teacher_hook = 'mmdet_mal.MeanTeacherHook'
preset_optim_wrapper = dict(clip_grad=dict(max_norm=5.0, norm_type=2))
