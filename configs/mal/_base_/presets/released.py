"""Preset `released`: how the authors' published code behaves.

Its source is non-commercial and was not consulted: these are known facts of
its behaviour.  How a config takes a preset: `mal_vit-mae-b_released_coco.py`.
docs/paper_vs_released.md explains each line, and what is not imitated.
"""
# Names of their own: MMEngine lets no base override another one's settings.
preset = 'released'

preset_model = dict(
    network=dict(
        decoder=dict(
            pool='avg',
            key_layers=2,
            upsample_after=3,
            # Boxes of exactly 32² and 96² px² fall through.
            size_ranges='open')),
    mil_loss=dict(bags='split', warmup_iters=1000, eps=1e-3),
    crf_loss=dict(
        zeta=0.1,
        # The constant omega is there and unused: every weight is 1.
        omega=1.0,
        window='full',
        clamp=0.1,
        box='mean_field',
        max_iters=100,
        # All rounds, whether anything still moves or not.
        tolerance=0.0,
        warmup_iters=4000),
    teacher_start='random')

preset_expansion = dict(rule='independent')
preset_crop = dict(padding='wrap', overhang='used')
preset_teacher_hook = 'mmdet_mal.MeanTeacherHook'
# Clipping is ours.
preset_optim_wrapper = dict(clip_grad=None)
