"""What a GPU is given: crops and colours, pinned memory, fused steps.

Names of their own: MMEngine lets no base override another one's settings.  How
a config takes them: `mal_vit-mae-b_gpu_coco.py`; what each does: docs/gpu.md.
bf16 autocast needs no setting: `AutoPrecisionOptimWrapper` takes it on a GPU
that has it.
"""
# Workers decode and cut; the device pads, resizes, mirrors, colours, normalises.
speed_data_preprocessor = dict(type='mmdet_mal.WindowDataPreprocessor')
speed_dataloader = dict(
    pin_memory=True, collate_fn=dict(type='mmdet_mal.collate_windows'))
# One kernel for all parameters.  Rounding differs in the last bit.  It skips a
# step of NaN by itself, so the host need not wait to look; the log is a step late.
speed_optim_wrapper = dict(optimizer=dict(fused=True), guard='deferred')
speed_log = dict(type='mmdet_mal.DeferLogHook')
# Crops have one size, so the fastest convolutions are looked for once.
speed_env_cfg = dict(cudnn_benchmark=True)

# Switches, for `default_hooks`.
speed_compile = dict(
    type='mmdet_mal.CompileHook',
    modules=('student.encoder', 'teacher.encoder'),
    mode='default')
speed_checkpointing = dict(
    type='mmdet_mal.ActivationCheckpointHook',
    modules=('student.encoder.layers', ))
