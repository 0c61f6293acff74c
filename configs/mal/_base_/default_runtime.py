# What surrounds a run: hooks, logs, processes.  Nothing here depends on the
# machine, so a config hashes the same everywhere; mmdet_mal.utils.compat turns
# nccl into gloo where there is no CUDA.
default_scope = 'mmdet'
# With stock tools (mim, mmdet's train.py) this applies the shields.
custom_imports = dict(imports=['mmdet_mal'], allow_failed_imports=False)

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=10),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='mmdet_mal.AtomicCheckpointHook', interval=1, max_keep_ckpts=2),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    verify_checkpoint=dict(type='mmdet_mal.VerifyCheckpointHook'),
    strict_load=dict(type='mmdet_mal.StrictLoadHook'),
    nan_guard=dict(type='mmdet_mal.NanGuardHook'),
    stall_guard=dict(type='mmdet_mal.StallGuardHook'),
    sync_log=dict(type='mmdet_mal.SyncLogHook'))

env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'))

vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='Visualizer', vis_backends=vis_backends)
log_processor = dict(type='LogProcessor', window_size=50, by_epoch=True)
log_level = 'INFO'

randomness = dict(seed=0)
load_from = None
resume = False
