"""Trainings that have come to a stand: told, and ended."""

from typing import Any

from mmengine.hooks import Hook

from mmdet_mal.engine.step_guard import StepGuard, StepReport
from mmdet_mal.registry import HOOKS
from mmdet_mal.utils.errors import UserError

_IN_A_ROW = 'stalled_steps_in_a_row'


class StalledError(UserError):
    """Training has no gradient left and cannot go on."""


@HOOKS.register_module()
class StallGuardHook(Hook):
    """Ends a training whose gradient has vanished.

    A first learning rate that is too high drives the scores so far up, or
    down, that each probability is 1 (or 0) in fp32: masks are full boxes (or
    empty), the gradient is 0, and no later step leaves that state.  The loss
    looks harmless meanwhile.

    Optimizer wrappers without a :class:`~mmdet_mal.engine.step_guard.StepGuard`
    do not tell their gradient; with them the hook does nothing.  One that tells
    a step later (``guard='deferred'``) has the training end a step later: not at
    all, where the count is reached by the very last step.  A checkpoint counts
    its own step in any case.

    Args:
        max_in_a_row (int): So many steps in a row without gradient end the
            training with an error.  Defaults to 100.
        min_grad_norm (float): L2 norm of the whole gradient that counts as
            one.  A training that works has .1 to 10.  Defaults to 1e-6.

    Raises:
        ValueError: If an argument is not positive.
    """

    # Before RuntimeInfoHook, as the other guard.
    priority = 'HIGHEST'

    def __init__(self,
                 max_in_a_row: int = 100,
                 min_grad_norm: float = 1e-6) -> None:
        if max_in_a_row < 1 or min_grad_norm <= 0:
            raise ValueError(
                'max_in_a_row must be at least 1 and min_grad_norm positive, '
                f'got {max_in_a_row} and {min_grad_norm}')
        self.max_in_a_row = max_in_a_row
        self.min_grad_norm = min_grad_norm
        # Iteration of the last step, whose report may come with the next.
        self._stepped_at = 0

    def before_train(self, runner: Any) -> None:
        """Start counting, or take the count over from the checkpoint.

        Args:
            runner (Runner): The runner.
        """
        if runner.iter == 0:
            runner.message_hub.update_info(_IN_A_ROW, 0)
        self._stepped_at = runner.iter

    def after_train_iter(self,
                         runner: Any,
                         batch_idx: int,
                         data_batch: Any = None,
                         outputs: dict | None = None) -> None:
        """Look at the gradient of the step.

        Args:
            runner (Runner): The runner.
            batch_idx (int): Not used.
            data_batch (Any): Not used.
            outputs (dict[str, Tensor], optional): What the model logs; its
                ``fill``, if it is there, names the state.

        Raises:
            StalledError: If too many steps in a row had no gradient.
        """
        wrapper = runner.optim_wrapper
        if not isinstance(wrapper, StepGuard):
            return
        report, iteration = wrapper.report, runner.iter + 1
        if wrapper.stepped:
            if wrapper.report_lag:
                iteration = self._stepped_at
            self._stepped_at = runner.iter + 1
        # Gradients being accumulated, or the other guard's business.
        if report is None or not report.finite:
            return
        hub = runner.message_hub
        before = hub.get_info(_IN_A_ROW, 0)
        count = self._count(before, report)
        if count != before:
            hub.update_info(_IN_A_ROW, count)
        if count >= self.max_in_a_row:
            raise StalledError(
                f'{count} steps in a row had no gradient (norm below '
                f'{self.min_grad_norm:g}), the last at iteration '
                f'{iteration}{_state(outputs)}; such a training does not '
                'recover: start anew with a lower optim_wrapper.optimizer.lr '
                'or a longer warm-up (param_scheduler)')

    def before_save_checkpoint(self, runner: Any, checkpoint: dict) -> None:
        """Count a step that is not told yet, in the checkpoint alone.

        Args:
            runner (Runner): The runner.
            checkpoint (dict): To be saved.
        """
        wrapper = runner.optim_wrapper
        report = wrapper.peek_report() if isinstance(wrapper, StepGuard) else None
        if report is not None and report.finite:
            info = checkpoint['message_hub']['runtime_info']
            info[_IN_A_ROW] = self._count(info.get(_IN_A_ROW, 0), report)

    def _count(self, before: int, report: StepReport) -> int:
        """Steps in a row without gradient, with this one."""
        return before + 1 if report.grad_norm < self.min_grad_norm else 0


def _state(outputs: dict | None) -> str:
    """What the masks look like, if the model says so."""
    if not outputs or 'fill' not in outputs:
        return ''
    return f': masks take {float(outputs["fill"]):.0%} of their boxes'
