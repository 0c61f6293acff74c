"""The plain optimizer wrapper with a look before each step."""

from typing import Any

from mmengine.optim import OptimWrapper

from mmdet_mal.registry import OPTIM_WRAPPERS

from .step_guard import StepGuard


@OPTIM_WRAPPERS.register_module()
class GuardedOptimWrapper(StepGuard, OptimWrapper):
    """MMEngine's wrapper that skips steps of non-finite numbers.

    :class:`~mmdet_mal.engine.hooks.NanGuardHook` counts and explains them.

    Args:
        *args, **kwargs: Of :class:`~mmengine.optim.OptimWrapper`.
    """

    def step(self, **kwargs: Any) -> None:
        """Clip, then step if loss and gradient are finite.

        Args:
            **kwargs: Of :meth:`torch.optim.Optimizer.step`.
        """
        self.report = self._clip_and_look()
        if self.report.finite:
            self.optimizer.step(**kwargs)
