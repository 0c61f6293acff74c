"""The optimizer wrapper of mixed precision with a look before each step."""

import dataclasses
import math
from typing import Any

from mmengine.optim import AmpOptimWrapper

from mmdet_mal.registry import OPTIM_WRAPPERS

from .step_guard import StepGuard


@OPTIM_WRAPPERS.register_module()
class GuardedAmpOptimWrapper(StepGuard, AmpOptimWrapper):
    """MMEngine's AMP wrapper that reports steps of non-finite numbers.

    With a dynamic scale, an infinite gradient is how the scaler learns that
    its scale is too large: it skips the step and halves the scale.  That is
    left to it and not reported as skipped, until the scale is down to 1 and
    there is nothing more to learn.

    Args:
        *args, **kwargs: Of :class:`~mmengine.optim.AmpOptimWrapper`.
    """

    def step(self, **kwargs: Any) -> None:
        """Unscale, clip, step if the numbers are finite, adapt the scale.

        Args:
            **kwargs: Of :meth:`torch.optim.Optimizer.step`.
        """
        # As the scaler's step would do first; from here on it knows by itself
        # whether it found an infinite gradient.
        self.loss_scaler.unscale_(self.optimizer)
        report = self._clip_and_look()
        if report.finite:
            self.loss_scaler.step(self.optimizer, **kwargs)
        elif self._scale_may_be_too_large(report.loss):
            report = dataclasses.replace(report, skipped=False)
        self.report = report
        self.loss_scaler.update(self._scale_update_param)

    def _scale_may_be_too_large(self, loss: float) -> bool:
        """Whether the scaler can mend a step that is not finite."""
        dynamic = self._scale_update_param is None
        return (dynamic and math.isfinite(loss)
                and self.loss_scaler.get_scale() > 1)
