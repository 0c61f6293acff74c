"""Optimizer steps that are skipped when the numbers are not finite."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.dist import all_reduce, get_world_size
from torch import Tensor
from torch.nn.utils import get_total_norm


@dataclasses.dataclass(frozen=True)
class StepReport:
    """What became of one optimizer step.

    Attributes:
        loss (float): The loss, summed over accumulated batches and averaged
            over the ranks.
        grad_norm (float): L2 norm of the gradient (of the type that
            ``clip_grad`` names) before it was clipped.
        skipped (bool): Whether the parameters were left alone, and not by the
            loss scaler's own search for a scale.
    """

    loss: float
    grad_norm: float
    skipped: bool

    @classmethod
    def of(cls, values: Sequence[float]) -> 'StepReport':
        """Report of a step by its loss and norm: not finite is skipped."""
        return cls(*values, skipped=not all(map(math.isfinite, values)))

    @property
    def finite(self) -> bool:
        """Whether loss and gradient are."""
        return math.isfinite(self.loss) and math.isfinite(self.grad_norm)


class StepGuard:
    """Mixin of optimizer wrappers: looks at a step before it is made.

    Every rank decides alike: the gradient is the same on all once DDP has
    averaged it, and the loss, which is not, is averaged for the question.
    Loss and norm are read in one go, so there is one synchronisation with the
    GPU a step, which stock gradient clipping has as well, to log its norm;
    :class:`~.deferred_guard_optim_wrapper.DeferredGuardOptimWrapper` has none.

    Steps with finite numbers have the bits of the stock wrapper's.

    Attributes:
        report (StepReport | None): Of the last call of ``update_params``, or
            of the step ``report_lag`` before it; None if there was none, or
            gradients were only accumulated.
        report_lag (int): Steps by which reports are late.
        stepped (bool): Whether the last call of ``update_params`` came to a
            step, made or skipped.
    """

    report_lag = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.report: StepReport | None = None
        self.stepped = False
        self._loss: Tensor | None = None

    def update_params(self, loss: Tensor, *args: Any, **kwargs: Any) -> None:
        """Back-propagate and, if it is time, make or skip a step.

        Args:
            loss (Tensor): Scalar.
            *args, **kwargs: As in the stock wrapper.
        """
        self.report, self.stepped = None, False
        seen = loss.detach().float()
        self._loss = seen if self._loss is None else self._loss + seen
        super().update_params(loss, *args, **kwargs)

    def last_report(self) -> StepReport | None:
        """Report of the last step, if ``report`` never had it; else None."""
        return None

    def peek_report(self) -> StepReport | None:
        """The same as :meth:`last_report`, which may be asked for it later."""
        return None

    def logged(self, report: StepReport) -> dict[str, float]:
        """What the log has of a step: its norm, if it is clipped by."""
        return ({self.grad_name: report.grad_norm}
                if self._clips_by_norm() and report.finite else {})

    def _clip_and_look(self) -> StepReport:
        """Clip as configured; say what the step would be made of.

        The report counts a step of non-finite numbers as skipped.
        """
        return self._tell(self._clip().tolist())

    def _clip(self) -> Tensor:
        """Clip as configured.

        Returns:
            Tensor: Loss and norm of the gradient before, (2,), on the device.
        """
        self.stepped = True
        parameters = [
            p for group in self.optimizer.param_groups
            for p in group['params'] if p.requires_grad and p.grad is not None
        ]
        if self._clips_by_norm():
            norm = self.clip_func(parameters, **self.clip_grad_kwargs)
        else:
            # Before the values are clipped: that would hide the infinite.
            norm = get_total_norm([p.grad for p in parameters])
            if self.clip_grad_kwargs and parameters:
                self.clip_func(parameters, **self.clip_grad_kwargs)
        loss, self._loss = self._loss, None
        if get_world_size() > 1:
            all_reduce(loss, op='mean')
        return torch.stack([loss, norm.to(loss)])

    def _tell(self, values: list[float]) -> StepReport:
        """Report of a step by its loss and norm; the log gets the norm."""
        report = StepReport.of(values)
        for name, value in self.logged(report).items():
            self.message_hub.update_scalar(f'train/{name}', value)
        return report

    def _clips_by_norm(self) -> bool:
        return bool(self.clip_grad_kwargs) and (
            self.clip_func is torch.nn.utils.clip_grad_norm_)
