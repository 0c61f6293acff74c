"""Teacher after student, from a start of the teacher's own."""

import math

import torch
from mmdet.engine.hooks import MeanTeacherHook as StockMeanTeacherHook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from mmdet_mal.registry import HOOKS
from mmdet_mal.utils.setting_error import SettingError


@HOOKS.register_module()
class MeanTeacherHook(StockMeanTeacherHook):
    """mmdet's hook, in one pass over the weights, and with a choice of start.

    Three things differ from the stock hook:

    * It asks the model how the teacher starts.  The stock hook copies the
      student before the first iteration, whatever the model set up; here
      ``teacher_start='random'`` (released preset) is left alone.
    * ``t + m (s - t)`` for all tensors at once takes the place of
      ``(1 - m) t + m s`` for one after the other: a few kernels in place of
      two for each tensor, and a teacher that equals the student stays equal to
      the bit.  Frozen parameters that are equal when training starts are left
      out altogether.  Others differ from the stock hook's by their last bits.
    * With ``gamma`` the momentum falls from 1 to ``momentum``, by the rule of
      mmengine's ``MomentumAnnealingEMA``: max(momentum, gamma / (gamma + t))
      after t iterations.  A short training then ends with a teacher that has
      forgotten its start: with ``gamma=1`` and an update each iteration it is
      the plain mean of all students so far, with more it leans on later ones.
      The rule reads nothing but the iteration, so a resumed run goes on as it
      would have.

    Args:
        momentum (float): Share of the student in each update, in (0, 1).
            Default .001; the paper's .996 is .004 here.
        interval (int): Iterations between updates.  Default 1.
        skip_buffer (bool): Leave buffers out.  Default True.
        gamma (float, optional): Positive.  ``momentum`` is reached after
            gamma (1 / momentum - 1) iterations, which no shortening of a
            training changes.  Default None, the same momentum throughout.
    """

    def __init__(self, *args, gamma: float | None = None, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if gamma is not None and not 0 < gamma < math.inf:
            raise SettingError(f'gamma must be positive, got {gamma}')
        self.gamma = gamma
        self._pairs: tuple[list[Tensor], list[Tensor]] | None = None

    def before_train(self, runner: Runner) -> None:
        """Copy the student at the very start, unless the model says no.

        Args:
            runner (Runner): With a labeller as its model.
        """
        model = runner.model
        if is_model_wrapper(model):
            model = model.module
        self._pairs = None
        if getattr(model, 'teacher_start', 'copy') == 'copy':
            super().before_train(runner)
        elif runner.iter == 0:
            print_log('The teacher starts from random weights of its own '
                      "(teacher_start='random')", logger='current')
            if self.gamma is not None:
                raise SettingError(
                    "gamma makes the teacher the student's copy at the first "
                    "step, so teacher_start='random' would be lost: set one of "
                    'them only')
        self._pairs = self._moving_pairs(model)

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch=None,
                         outputs=None) -> None:
        """Move the teacher, by the momentum of this iteration.

        Args:
            runner (Runner): With a labeller as its model.
            batch_idx (int): Not used, like the next two.
            data_batch (Any): Not used.
            outputs (Any): Not used.
        """
        if (runner.iter + 1) % self.interval:
            return
        model = runner.model
        if is_model_wrapper(model):
            model = model.module
        self.momentum_update(model, self.momentum_at(runner.iter))

    def momentum_at(self, iteration: int) -> float:
        """Share of the student in the update after an iteration.

        Args:
            iteration (int): Iterations of the runner before this one.

        Returns:
            float: In (0, 1].
        """
        if self.gamma is None:
            return self.momentum
        return max(self.momentum, self.gamma / (self.gamma + iteration))

    @torch.no_grad()
    def momentum_update(self, model: nn.Module, momentum: float) -> None:
        """Move the teacher towards the student.

        Args:
            model (nn.Module): With ``student`` and ``teacher``, not wrapped.
            momentum (float): Share of the way, in (0, 1].
        """
        teacher, student = self._pairs or self._all_pairs(model)
        if teacher:
            get_ema_multi_avg_fn(1 - momentum)(teacher, student, None)

    def _all_pairs(self, model: nn.Module) -> tuple[list[Tensor], list[Tensor]]:
        """All tensors of the teacher that move, and the student's beside them."""
        return _unzip(self._named_pairs(model).values())

    def _moving_pairs(self, model: nn.Module
                      ) -> tuple[list[Tensor], list[Tensor]]:
        """The same without frozen parameters that are equal already."""
        frozen = {name for name, parameter in model.student.named_parameters()
                  if not parameter.requires_grad}
        return _unzip(
            pair for name, pair in self._named_pairs(model).items()
            if name not in frozen or not torch.equal(*pair))

    def _named_pairs(self, model: nn.Module) -> dict[str, tuple[Tensor, Tensor]]:
        """Teacher's and student's tensor by name, as the stock hook has them."""
        def tensors(network: nn.Module) -> dict[str, Tensor]:
            if self.skip_buffers:
                return {name: p.data for name, p in network.named_parameters()}
            return {name: tensor for name, tensor in network.state_dict().items()
                    if tensor.dtype.is_floating_point}

        student = tensors(model.student)
        return {name: (tensor, student[name])
                for name, tensor in tensors(model.teacher).items()}


def _unzip(pairs) -> tuple[list[Tensor], list[Tensor]]:
    pairs = list(pairs)
    return [one for one, _ in pairs], [other for _, other in pairs]
