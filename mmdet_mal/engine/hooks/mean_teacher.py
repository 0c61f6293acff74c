"""Teacher after student, from a start of the teacher's own."""

from mmdet.engine.hooks import MeanTeacherHook as StockMeanTeacherHook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from mmdet_mal.registry import HOOKS


@HOOKS.register_module()
class MeanTeacherHook(StockMeanTeacherHook):
    """mmdet's hook that leaves a teacher with a random start alone.

    The stock hook copies the student into the teacher before the first
    iteration, whatever the model set up.  This one asks the model: with
    ``teacher_start='random'`` (released preset) it copies nothing.

    Args:
        momentum (float): Share of the student in each update, in (0, 1).
            Default .001; the paper's .996 is .004 here.
        interval (int): Iterations between updates.  Default 1.
        skip_buffer (bool): Leave buffers out.  Default True.
    """

    def before_train(self, runner: Runner) -> None:
        """Copy the student at the very start, unless the model says no.

        Args:
            runner (Runner): With a labeller as its model.
        """
        model = runner.model
        if is_model_wrapper(model):
            model = model.module
        if getattr(model, 'teacher_start', 'copy') == 'copy':
            super().before_train(runner)
        elif runner.iter == 0:
            print_log('The teacher starts from random weights of its own '
                      "(teacher_start='random')", logger='current')
