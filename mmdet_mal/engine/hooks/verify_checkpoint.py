"""A run starts from sound checkpoints only."""

import os
from typing import Any

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import Hook

from mmdet_mal.engine.checkpoint import CheckpointError, load_verified
from mmdet_mal.engine.resume import (check_resumable, find_resumable,
                                     read_pointer)
from mmdet_mal.registry import HOOKS


@HOOKS.register_module()
class VerifyCheckpointHook(Hook):
    """Checks the checkpoint of a run before the runner loads it.

    * ``resume=True`` without ``load_from`` (``--resume``): the latest
      checkpoint of the work folder; a damaged one gives way to the one before,
      with a warning that names both.  Without any, training starts from the
      beginning and says so.
    * ``resume=True`` with ``load_from`` (``--resume FILE``): that file; if it
      is damaged or no state of a training, the run ends.
    * ``load_from`` alone, in training and in testing: likewise.

    As a hook it works under every tool that runs a config, MMDetection's own
    included.  Rank 0 looks, all ranks learn the outcome.  Files that are not
    local (``s3://``) are left to MMEngine.
    """

    def before_run(self, runner: Any) -> None:
        """Choose or check the file.

        Args:
            runner (Runner): Has not loaded anything yet.

        Raises:
            CheckpointError: If a file that is needed cannot be used.
        """
        if runner._has_loaded or not (runner._resume or runner._load_from):
            return
        outcome: list[Any] = [None, None]  # chosen file, fault
        if is_main_process():
            try:
                outcome[0] = _choose(runner)
            except CheckpointError as error:
                outcome[1] = str(error)
        broadcast_object_list(outcome)
        chosen, fault = outcome
        if fault is not None:
            raise CheckpointError(fault)
        if runner._resume and chosen is None:
            runner._resume = False
            runner.logger.info(
                f'Nothing to resume: {runner.work_dir} has no checkpoint; '
                'training starts from the beginning')
        runner._load_from = chosen


def _choose(runner: Any) -> str | None:
    """The file that the runner shall load, looked at."""
    path = runner._load_from
    if path is None:
        latest = read_pointer(runner.work_dir)
        if '://' in latest:
            return latest
        found = find_resumable(runner.work_dir)
        return None if found is None else os.fspath(found)
    if '://' not in path:
        if runner._resume:
            check_resumable(path)
        else:
            load_verified(path, lazily=True)
    return path
