"""Hooks of the runner, one a file."""

from .atomic_checkpoint import AtomicCheckpointHook
from .mask_mosaic import MaskMosaicHook
from .mean_teacher import MeanTeacherHook
from .nan_guard import NanGuardHook
from .pseudo_label import PseudoLabelHook
from .strict_load import StrictLoadHook
from .sync_log import SyncLogHook
from .verify_checkpoint import VerifyCheckpointHook

__all__ = [
    'AtomicCheckpointHook', 'MaskMosaicHook', 'MeanTeacherHook', 'NanGuardHook',
    'PseudoLabelHook', 'StrictLoadHook', 'SyncLogHook', 'VerifyCheckpointHook'
]
