"""A hook that spoils steps; used by test_nan_guard and test_defer_log."""

import math

import torch
from mmengine.hooks import Hook


class Poison(Hook):
    """Multiplies a weight by NaN for some steps, then brings it back.

    What a step reads is then not finite, while the run's own weights are.
    Keeps the annotation ids of each step's samples.
    """

    def __init__(self, iters=()):
        self.iters, self.ann_ids = iters, {}

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.ann_ids[runner.iter] = [
            s.ann_id for s in data_batch['data_samples']['student']]
        self.weight = next(runner.model.student.decoder.parameters())
        self.before = self.weight.detach().clone()
        if runner.iter in self.iters:
            with torch.no_grad():
                self.weight.mul_(math.nan)

    # Before the teacher follows.
    priority = 'HIGHEST'

    def after_train_iter(self, runner, batch_idx, data_batch=None,
                         outputs=None):
        if runner.iter in self.iters:
            with torch.no_grad():
                self.weight.copy_(self.before)
