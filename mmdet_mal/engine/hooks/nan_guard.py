"""Training steps that are not finite: counted, explained, limited."""

from collections import deque
from collections.abc import Iterable
from typing import Any

from mmengine.dist import all_gather_object
from mmengine.hooks import Hook

from mmdet_mal.engine.step_guard import StepGuard, StepReport
from mmdet_mal.registry import HOOKS
from mmdet_mal.utils.errors import UserError

from .defer_log import DeferLogHook
from .outstanding import log_in_checkpoint

# A batch of a log line; larger ones are cut.
_MAX_LISTED = 16

# The counts, in the message hub and so in every checkpoint.
_TOTAL = 'skipped_steps'
_IN_A_ROW = 'skipped_steps_in_a_row'


class NonFiniteError(UserError):
    """Training has lost its numbers and cannot go on."""


@HOOKS.register_module()
class NanGuardHook(Hook):
    """Counts the steps that the optimizer wrapper skipped.

    A step is skipped if its loss or gradient is NaN or infinite (see
    :class:`~mmdet_mal.engine.step_guard.StepGuard`): neither parameters nor
    the optimizer's state change, the teacher moves towards the student as it
    is, and schedules go on.  Each is logged with the samples of its batch, on
    all ranks.  Its losses are kept out of the log's running means, which one
    NaN would spoil for as long as their window.

    Where gradients are accumulated, the samples are those of the last batch.
    An optimizer wrapper that reports late (``guard='deferred'``) is told of
    late, with the samples of then; its losses
    :class:`~.defer_log.DeferLogHook` keeps out.  A checkpoint counts its own
    step all the same; of a run that is killed before the next step ends, only
    the line that names the samples is lost.

    Args:
        max_in_a_row (int): So many skipped steps without one that was made
            end the training with an error.  Defaults to 10.

    Raises:
        ValueError: If ``max_in_a_row`` is not positive.
    """

    # Before RuntimeInfoHook, which stores the values for the log.
    priority = 'HIGHEST'

    def __init__(self, max_in_a_row: int = 10) -> None:
        if max_in_a_row < 1:
            raise ValueError(
                f'max_in_a_row must be at least 1, got {max_in_a_row}')
        self.max_in_a_row = max_in_a_row
        self._total = 0
        self._in_a_row = 0
        # Iteration and samples of the steps that are not reported yet.
        self._unreported: deque[tuple[int, list[str]]] = deque()

    def before_train(self, runner: Any) -> None:
        """Take the counts over from the checkpoint.

        Args:
            runner (Runner): The runner.

        Raises:
            UserError: If the optimizer wrapper cannot skip steps.
        """
        if not isinstance(runner.optim_wrapper, StepGuard):
            raise UserError(
                f'NanGuardHook: {type(runner.optim_wrapper).__name__} does not '
                'skip non-finite steps; set optim_wrapper.type to '
                'mmdet_mal.AutoPrecisionOptimWrapper')
        if runner.optim_wrapper.report_lag and not any(
                isinstance(hook, DeferLogHook) for hook in runner.hooks):
            raise UserError(
                "NanGuardHook: optim_wrapper.guard='deferred' tells of a bad step "
                'when its losses stand in the log already; add '
                "default_hooks.defer_log.type=mmdet_mal.DeferLogHook, or set "
                "optim_wrapper.guard='at_once'")
        # What a run of this process left that ended with an error.
        runner.optim_wrapper.last_report()
        resumed = runner.iter > 0
        hub = runner.message_hub
        self._total = hub.get_info(_TOTAL, 0) if resumed else 0
        self._in_a_row = hub.get_info(_IN_A_ROW, 0) if resumed else 0
        self._store(runner)
        self._unreported.clear()

    def after_train_iter(self,
                         runner: Any,
                         batch_idx: int,
                         data_batch: Any = None,
                         outputs: dict | None = None) -> None:
        """Look at what became of the step.

        Args:
            runner (Runner): The runner.
            batch_idx (int): Not used.
            data_batch (Any): Named in the log if the step was skipped.
            outputs (dict, optional): What the model logs; emptied if the
                step was skipped, on all ranks.

        Raises:
            NonFiniteError: If too many in a row were skipped.
        """
        wrapper = runner.optim_wrapper
        report = wrapper.report
        if wrapper.report_lag and wrapper.stepped:
            self._unreported.append((runner.iter + 1, _describe(data_batch)))
        if report is None:  # gradients are still being accumulated
            return
        if wrapper.report_lag:
            iteration, samples = self._unreported.popleft()
            self._look(runner, report, iteration, samples)
            return
        if report.skipped and outputs:
            outputs.clear()
        self._look(runner, report, runner.iter + 1,
                   _describe(data_batch) if report.skipped else [])

    def _look(self, runner: Any, report: StepReport, iteration: int,
              samples: list[str]) -> None:
        """Count a step; tell if it was skipped."""
        if not report.skipped:
            if report.finite and self._in_a_row:
                self._in_a_row = 0
                self._store(runner)
            return
        self._total += 1
        self._in_a_row += 1
        self._store(runner)
        self._tell(runner, report, iteration,
                   _names(all_gather_object(samples)))

    def before_save_checkpoint(self, runner: Any, checkpoint: dict) -> None:
        """Count a step that is not told yet, in the checkpoint alone.

        Called on the first rank only, so the other ranks cannot be asked for
        their samples here; all of them tell the step a little later.

        Args:
            runner (Runner): The runner.
            checkpoint (dict): To be saved.
        """
        wrapper = runner.optim_wrapper
        report = wrapper.peek_report() if isinstance(wrapper, StepGuard) else None
        if report is None:
            return
        log_in_checkpoint(checkpoint, wrapper.logged(report))
        info = checkpoint['message_hub']['runtime_info']
        if report.skipped:
            info[_TOTAL] = self._total + 1
            info[_IN_A_ROW] = self._in_a_row + 1
        elif report.finite:
            info[_IN_A_ROW] = 0

    def after_train(self, runner: Any) -> None:
        """Say how many steps were skipped in all.

        Args:
            runner (Runner): The runner.
        """
        report = runner.optim_wrapper.last_report()
        if report is not None and self._unreported:
            self._look(runner, report, *self._unreported.popleft())
        if self._total:
            runner.logger.warning(
                f'{self._total} of {runner.iter} steps were skipped because '
                'their loss or gradient was not finite')

    def _store(self, runner: Any) -> None:
        runner.message_hub.update_info(_TOTAL, self._total)
        runner.message_hub.update_info(_IN_A_ROW, self._in_a_row)

    def _tell(self, runner: Any, report: StepReport, iteration: int,
              samples: str) -> None:
        found = (f'loss {report.loss:g}, gradient norm {report.grad_norm:g} at '
                 f'iteration {iteration}')
        if self._in_a_row < self.max_in_a_row:
            runner.logger.warning(
                f'Step skipped, not finite: {found}; {self._in_a_row} in a row '
                f'(at most {self.max_in_a_row}), {self._total} in all; '
                f'samples: {samples}')
            return
        raise NonFiniteError(
            f'{self._in_a_row} steps in a row were not finite, the last with '
            f'{found}, samples: {samples}; lower optim_wrapper.optimizer.lr or '
            'lengthen its warm-up, look at these samples, and go on from a '
            f'checkpoint in {runner.work_dir}')


def _describe(data_batch: Any) -> list[str]:
    """Annotation and file of each sample of a batch."""
    samples = data_batch.get('data_samples') if isinstance(
        data_batch, dict) else None
    if isinstance(samples, dict):  # branches show the same samples
        samples = next(iter(samples.values()), None)
    return [
        f"annotation {s.get('ann_id', '?')} ({s.get('img_path', '?')})"
        for s in samples or ()
    ]


def _names(by_rank: Iterable[list[str]]) -> str:
    names = [name for batch in by_rank for name in batch]
    more = len(names) - _MAX_LISTED
    listed = ', '.join(names[:_MAX_LISTED]) or 'unknown'
    return f'{listed} and {more} more' if more > 0 else listed
