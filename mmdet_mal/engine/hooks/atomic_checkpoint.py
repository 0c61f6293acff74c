"""Checkpoints that are never torn."""

from typing import Any

import mmdet_mal.engine.atomic_backend  # noqa: F401  registers 'mal_atomic'
from mmengine.hooks import CheckpointHook

from mmdet_mal.registry import HOOKS


@HOOKS.register_module()
class AtomicCheckpointHook(CheckpointHook):
    """The stock hook, saving through :class:`AtomicLocalBackend`.

    MMEngine's hook writes to the final name; killed meanwhile, it leaves a
    torn file there.

    Args:
        max_keep_ckpts (int): As in the stock hook, but not 1: the stock hook
            deletes the oldest checkpoint before it writes the new one, and
            between the two there must be another.  -1 keeps all.
        **kwargs: Everything else of
            :class:`~mmengine.hooks.CheckpointHook`.
    """

    def __init__(self, max_keep_ckpts: int = -1, **kwargs: Any) -> None:
        if max_keep_ckpts in (0, 1):
            raise ValueError(
                f'max_keep_ckpts={max_keep_ckpts} leaves no checkpoint while '
                'one is being saved; use 2 or more, or -1 for all')
        kwargs.setdefault('backend_args', dict(backend='mal_atomic'))
        super().__init__(max_keep_ckpts=max_keep_ckpts, **kwargs)
