"""A training without gradient is ended, and told why."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper

from mmdet_mal.engine.checkpoint import load_verified
from mmdet_mal.engine.hooks.stall_guard import StalledError, StallGuardHook
from mmdet_mal.utils.errors import UserError

_AT = 'default_hooks.stall_guard.max_in_a_row'


class _Saturate(Hook):
    """Drives the scores so far apart that fp32 knows only 0 and 1.

    ``iters`` have such weights; the step's own come back after it.
    """

    # Before the teacher follows.
    priority = 'HIGHEST'

    def __init__(self, iters):
        self.iters = iters

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter in self.iters:
            weights = list(runner.model.student.decoder.parameters())
            self.before = [w.detach().clone() for w in weights]
            with torch.no_grad():
                for weight in weights:
                    weight.mul_(1e4)

    def after_train_iter(self, runner, batch_idx, data_batch=None,
                         outputs=None):
        if runner.iter in self.iters:
            with torch.no_grad():
                for weight, old in zip(
                        runner.model.student.decoder.parameters(),
                        self.before, strict=True):
                    weight.copy_(old)


def test_saturated_scores_end_the_run(train, tmp_path):
    with pytest.raises(StalledError) as error:
        train(tmp_path, hooks=[_Saturate(range(6))], **{_AT: 3})
    message = str(error.value)
    assert message.startswith('3 steps in a row had no gradient')
    assert 'the last at iteration 3: masks take ' in message
    assert '% of their boxes' in message
    assert 'optim_wrapper.optimizer.lr' in message and 'warm-up' in message
    assert '\n' not in message and isinstance(error.value, UserError)


def test_a_step_with_a_gradient_begins_the_count_anew(train, tmp_path):
    runner, record = train(
        tmp_path, hooks=[_Saturate({0, 1, 3, 4})], **{_AT: 3})
    assert len(record.losses) == 6
    norms = [record.losses[i]['loss'] for i in range(6)]
    assert all(torch.isfinite(torch.tensor(norms)))
    assert runner.message_hub.get_info('stalled_steps_in_a_row') == 0


def test_a_resumed_run_counts_on(train, tmp_path):
    train(tmp_path, cut_before=2, hooks=[_Saturate({1})], **{_AT: 2})
    with pytest.raises(StalledError, match='2 steps .* at iteration 3'):
        train(tmp_path, resume=True, hooks=[_Saturate({2})], **{_AT: 2})


DEFERRED = {'optim_wrapper.optimizer.fused': True, 'optim_wrapper.guard': 'deferred',
            'default_hooks.defer_log': dict(type='mmdet_mal.DeferLogHook')}


def saturate(tiny_runner, folder, iters, **options):
    runner = tiny_runner(folder, **DEFERRED, **options)
    runner.register_hook(_Saturate(iters))
    runner.train()
    return runner


def test_a_guard_that_tells_later_is_told_of_with_its_own_iteration(
        tiny_runner, tmp_path):
    with pytest.raises(StalledError, match='3 steps .* the last at iteration 3: '):
        saturate(tiny_runner, tmp_path, range(6), **{_AT: 3})


def test_a_checkpoint_counts_its_own_step(tiny_runner, tmp_path):
    with pytest.raises(StalledError, match='2 steps .* at iteration 2'):
        saturate(tiny_runner, tmp_path, {0, 1}, **{_AT: 2})
    # The checkpoint of the second step knows of both.
    info = load_verified(tmp_path / 'iter_2.pth')['message_hub']['runtime_info']
    assert info['stalled_steps_in_a_row'] == 2
    with pytest.raises(StalledError, match='3 steps .* at iteration 3'):
        saturate(tiny_runner, tmp_path, {2}, resume=True, **{_AT: 3})


def test_other_optimizer_wrappers_are_left_alone():
    weight = torch.nn.Parameter(torch.zeros(1))
    wrapper = OptimWrapper(torch.optim.SGD([weight], lr=0.1))
    wrapper.update_params(weight.sum() * 0.0)
    hook = StallGuardHook(max_in_a_row=1)
    hook.after_train_iter(SimpleNamespace(optim_wrapper=wrapper), 0)


@pytest.mark.parametrize('options', [
    dict(max_in_a_row=0), dict(min_grad_norm=0.0), dict(min_grad_norm=-1.0)])
def test_limits_must_be_positive(options):
    with pytest.raises(ValueError, match='must be at least 1 and'):
        StallGuardHook(**options)
