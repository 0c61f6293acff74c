"""Hooks of the runner, one a file."""

from .activation_checkpoint import ActivationCheckpointHook
from .atomic_checkpoint import AtomicCheckpointHook
from .compile_modules import CompileHook
from .defer_log import DeferLogHook
from .mask_mosaic import MaskMosaicHook
from .mean_teacher import MeanTeacherHook
from .nan_guard import NanGuardHook
from .pseudo_label import PseudoLabelHook
from .stall_guard import StallGuardHook
from .strict_load import StrictLoadHook
from .sync_log import SyncLogHook
from .verify_checkpoint import VerifyCheckpointHook

__all__ = [
    'ActivationCheckpointHook', 'AtomicCheckpointHook', 'CompileHook',
    'DeferLogHook', 'MaskMosaicHook', 'MeanTeacherHook', 'NanGuardHook',
    'PseudoLabelHook', 'StallGuardHook', 'StrictLoadHook', 'SyncLogHook',
    'VerifyCheckpointHook'
]
