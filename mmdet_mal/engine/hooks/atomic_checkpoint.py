"""Checkpoints that are never torn."""

import os.path as osp
from collections import deque
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook

from mmdet_mal.engine.atomic_backend import AtomicLocalBackend
from mmdet_mal.registry import HOOKS


@HOOKS.register_module()
class AtomicCheckpointHook(CheckpointHook):
    """The stock hook, saving through :class:`AtomicLocalBackend`.

    MMEngine's hook writes to the final name and deletes the oldest checkpoint
    first; killed meanwhile, it leaves a torn file and one fallback less.
    Here the new checkpoint is on disk before ``last_checkpoint`` names it,
    and that before the oldest is deleted.  For a moment there is one file
    more than ``max_keep_ckpts``.

    A second one with ``by_epoch=False`` may stand beside it in
    ``custom_hooks``, for epochs of hours; each counts its own files.

    Args:
        max_keep_ckpts (int): As in the stock hook, but not 1: if the newest
            turns out damaged, there must be one before it.  -1 keeps all.
        **kwargs: Everything else of
            :class:`~mmengine.hooks.CheckpointHook`.

    Raises:
        ValueError: If ``max_keep_ckpts`` is 0 or 1.
    """

    def __init__(self, max_keep_ckpts: int = -1, **kwargs: Any) -> None:
        if max_keep_ckpts in (0, 1):
            raise ValueError(
                f'max_keep_ckpts={max_keep_ckpts} leaves nothing to fall back '
                'on if the newest checkpoint is damaged; use 2 or more, or -1 '
                'for all')
        kwargs.setdefault('backend_args', dict(backend='mal_atomic'))
        super().__init__(max_keep_ckpts=max_keep_ckpts, **kwargs)
        # The stock key is one for all hooks.
        self._hub_key = f'keep_ckpt_ids of {self.filename_tmpl}'

    def before_train(self, runner: Any) -> None:
        """Prepare the folder; learn which files are there from before.

        Args:
            runner (Runner): The runner.
        """
        # Without the stock bookkeeping, which deletes before it saves.
        keep, self.max_keep_ckpts = self.max_keep_ckpts, -1
        super().before_train(runner)
        self.max_keep_ckpts = keep
        known = (runner.message_hub.get_info(self._hub_key, [])
                 if runner.iter > 0 else [])
        self.keep_ckpt_ids = deque(known)

    def _save_checkpoint_with_step(self, runner: Any, step: int,
                                   meta: dict) -> None:
        """Save, then point to the file, then delete what is too old."""
        hub, ids = runner.message_hub, self.keep_ckpt_ids
        if not ids or ids[-1] != step:
            ids.append(step)
        # With those about to be deleted: a run killed in between, resumed,
        # still knows them.
        hub.update_info(self._hub_key, list(ids))
        self.last_ckpt = self._path_of(step)
        hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir,
            self.filename_tmpl.format(step),
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args)
        if is_main_process():
            AtomicLocalBackend().put_text(
                self.last_ckpt, osp.join(runner.work_dir, 'last_checkpoint'))
        while 0 < self.max_keep_ckpts < len(ids):
            self._delete(self._path_of(ids.popleft()))
        hub.update_info(self._hub_key, list(ids))

    def _path_of(self, step: int) -> str:
        return self.file_backend.join_path(self.out_dir,
                                           self.filename_tmpl.format(step))

    def _delete(self, path: str) -> None:
        if is_main_process() and self.file_backend.isfile(path):
            self.file_backend.remove(path)
