"""Logged losses that nobody waits for."""

import math
from typing import Any

import torch
from mmengine.hooks import Hook
from torch import Tensor

from mmdet_mal.engine.host_copy import HostCopy
from mmdet_mal.registry import HOOKS

from .outstanding import log_in_checkpoint


@HOOKS.register_module()
class DeferLogHook(Hook):
    """Gives the log each step's values one step later, in one copy.

    MMEngine reads every value of every step, one after the other, and each
    time the host waits until a GPU has done all that it was given.  Here they
    go to the host together while the GPU works on; the log has them with the
    next step.  Values of a step that are not finite are left out, as they would
    spoil the log's running means.  A checkpoint has them of its own step too.

    Beside ``optim_wrapper.guard='deferred'``: else the guard waits already.
    """

    # After the hooks that average values and look at the step (HIGHEST, 0),
    # before RuntimeInfoHook (VERY_HIGH, 10), which reads them.
    priority = 5

    def __init__(self) -> None:
        self._waiting: tuple[list[str], HostCopy] | None = None

    def before_train(self, runner: Any) -> None:
        """Forget another run's values.

        Args:
            runner (Runner): Not used.
        """
        self._waiting = None

    def after_train_iter(self,
                         runner: Any,
                         batch_idx: int,
                         data_batch: Any = None,
                         outputs: dict | None = None) -> None:
        """Put the values of the step before in the place of this one's.

        Args:
            runner (Runner): Not used.
            batch_idx (int): Not used.
            data_batch (Any): Not used.
            outputs (dict[str, Tensor], optional): What the model logs.
        """
        if not outputs:
            return
        names = [name for name, value in outputs.items()
                 if isinstance(value, Tensor)]
        if not names:
            return
        values = torch.stack([outputs.pop(name).detach().float().reshape(())
                              for name in names])
        before, self._waiting = self._waiting, (names, HostCopy(values))
        outputs.update(_finite(before))

    def before_save_checkpoint(self, runner: Any, checkpoint: dict) -> None:
        """Put the last step's values into the checkpoint's log.

        Args:
            runner (Runner): Not used.
            checkpoint (dict): To be saved.
        """
        log_in_checkpoint(checkpoint, _finite(self._waiting))

    def after_train(self, runner: Any) -> None:
        """Put the last step into the message hub; its log line is written already.

        Args:
            runner (Runner): The runner.
        """
        before, self._waiting = self._waiting, None
        for name, value in _finite(before).items():
            runner.message_hub.update_scalar(f'train/{name}', value)


def _finite(waiting: tuple[list[str], HostCopy] | None) -> dict[str, float]:
    """The values by name; none if one of them is not finite."""
    if waiting is None:
        return {}
    names, copy = waiting
    values = copy.read()
    if not all(map(math.isfinite, values)):
        return {}
    return dict(zip(names, values, strict=True))
