"""Hooks of the runner, one a file."""

from .atomic_checkpoint import AtomicCheckpointHook
from .pseudo_label import PseudoLabelHook
from .strict_load import StrictLoadHook
from .sync_log import SyncLogHook

__all__ = ['AtomicCheckpointHook', 'PseudoLabelHook', 'StrictLoadHook', 'SyncLogHook']
