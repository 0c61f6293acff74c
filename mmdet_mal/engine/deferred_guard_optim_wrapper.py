"""An optimizer wrapper that guards its steps without waiting for the device."""

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from mmengine.optim import OptimWrapper
from torch import nn
from torch.optim import Optimizer

from mmdet_mal.registry import OPTIM_WRAPPERS
from mmdet_mal.utils.setting_error import SettingError

from .host_copy import HostCopy
from .step_guard import StepGuard, StepReport


@OPTIM_WRAPPERS.register_module()
class DeferredGuardOptimWrapper(StepGuard, OptimWrapper):
    """Skips steps of non-finite numbers on the device, and tells a step later.

    The host runs ahead of a GPU.  A guard that asks for loss and norm before
    each step stops it there, and the GPU idles until the next step's kernels
    arrive.  Here the fused optimizer gets the answer as a tensor (its
    ``found_inf``, made for loss scalers) and leaves weights and state alone by
    itself; ``report`` is that of the step before, whose numbers have arrived
    meanwhile.  Which steps are skipped, and the bits of the others, do not
    change.  A checkpoint waits for the device, so it counts its last step too
    (:class:`~.hooks.NanGuardHook`).

    Args:
        optimizer (Optimizer): With ``fused=True``: other kernels cannot skip.
        dtype (torch.dtype, optional): Of autocast around the forward pass; by
            default there is none.  Not fp16, which wants a loss scaler.
        **kwargs: Of :class:`~mmengine.optim.OptimWrapper`.

    Raises:
        SettingError: If the optimizer is not fused, or is SGD with momentum.
    """

    report_lag = 1

    def __init__(self, optimizer: Optimizer,
                 dtype: torch.dtype | None = None, **kwargs: Any) -> None:
        super().__init__(optimizer=optimizer, **kwargs)
        if not all(group.get('fused') for group in optimizer.param_groups):
            raise SettingError(
                "guard='deferred' wants an optimizer that can skip a step on "
                'the device; set optim_wrapper.optimizer.fused=True, or '
                "optim_wrapper.guard='at_once'")
        # Its fused kernel leaves the momentum as the memory was, if the very
        # first step is skipped, and goes on with that (torch 2.13).
        if isinstance(optimizer, torch.optim.SGD) and any(
                group['momentum'] for group in optimizer.param_groups):
            raise SettingError(
                "guard='deferred' does not go with SGD that has a momentum; set "
                'optim_wrapper.optimizer.type=AdamW, or '
                "optim_wrapper.guard='at_once'")
        self.dtype = dtype
        self._waiting: HostCopy | None = None

    @contextlib.contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Enter autocast, beside what the plain wrapper enters.

        Args:
            model (nn.Module): As for the plain wrapper.
        """
        device = self.optimizer.param_groups[0]['params'][0].device.type
        autocast = (contextlib.nullcontext() if self.dtype is None else
                    torch.autocast(device, dtype=self.dtype))
        with super().optim_context(model), autocast:
            yield

    def step(self, **kwargs: Any) -> None:
        """Clip, step if the device finds its numbers finite; look at the last.

        Args:
            **kwargs: Of :meth:`torch.optim.Optimizer.step`.
        """
        values = self._clip()
        before, self._waiting = self._waiting, HostCopy(values)
        self.optimizer.found_inf = (~values.isfinite().all()).float()
        try:
            self.optimizer.step(**kwargs)
        finally:
            del self.optimizer.found_inf
        # Only now: the device has this step to do while the host waits.
        self.report = None if before is None else self._tell(before.read())

    def last_report(self) -> StepReport | None:
        """Report of the last step, once; waits for the device."""
        before, self._waiting = self._waiting, None
        return None if before is None else self._tell(before.read())

    def peek_report(self) -> StepReport | None:
        """Report of the last step, which stays to be told; waits for the device."""
        waiting = self._waiting
        return None if waiting is None else StepReport.of(waiting.read())
