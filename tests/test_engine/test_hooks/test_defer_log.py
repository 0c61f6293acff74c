"""Whole trainings whose guard and log are a step late."""

import math
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from poison import Poison

from mmdet_mal.engine.checkpoint import load_verified
from mmdet_mal.engine.hooks.defer_log import DeferLogHook
from mmdet_mal.engine.hooks.nan_guard import NonFiniteError
from mmdet_mal.utils.errors import UserError

FUSED = {'optim_wrapper.optimizer.fused': True}
DEFERRED = {**FUSED, 'optim_wrapper.guard': 'deferred',
            'default_hooks.defer_log': dict(type='mmdet_mal.DeferLogHook')}


def train(tiny_runner, folder, options, poison=()):
    runner, hook = tiny_runner(folder, **options), Poison(poison)
    runner.register_hook(hook)
    runner.train()
    return runner, hook


class Cut(Hook):
    """Ends a run before an iteration, as a crash would."""

    def __init__(self, before):
        self.before = before

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.before:
            raise KeyboardInterrupt


def cut_off(tiny_runner, folder, options, before, poison=()):
    """A run that ends before an iteration; the checkpoint that it leaves."""
    runner = tiny_runner(folder, **options)
    runner.register_hook(Poison(poison))
    runner.register_hook(Cut(before))
    with pytest.raises(KeyboardInterrupt):
        runner.train()
    return load_verified(folder / f'iter_{before}.pth')['message_hub']


def history(runner, name):
    values, _ = runner.message_hub.get_scalar(f'train/{name}').data
    return values.tolist()


def test_log_and_weights_are_those_of_the_guard_that_waits(tiny_runner, tmp_path):
    one, other = (train(tiny_runner, tmp_path / name, options)[0]
                  for name, options in (('waits', FUSED), ('not', DEFERRED)))
    for key, value in one.model.state_dict().items():
        assert torch.equal(value, other.model.state_dict()[key])
    for name in ('loss', 'loss_mil', 'loss_crf', 'fill'):
        assert history(one, name) == pytest.approx(history(other, name), rel=1e-6)
    assert len(history(other, 'loss')) == other.iter
    # The guard tells the norm of the last step, too.
    assert history(one, 'grad_norm') == pytest.approx(history(other, 'grad_norm'))


def test_the_guard_asks_for_the_log_that_goes_with_it(tiny_runner, tmp_path):
    options = {key: value for key, value in DEFERRED.items() if 'log' not in key}
    with pytest.raises(UserError, match='add default_hooks.defer_log'):
        train(tiny_runner, tmp_path, options)


def test_a_bad_step_is_told_with_its_own_samples(tiny_runner, tmp_path):
    runner, hook = train(tiny_runner, tmp_path, DEFERRED, poison={1, 2, 5})
    lines = Path(runner.log_dir, f'{runner.timestamp}.log').read_text().splitlines()
    told = [line for line in lines if 'Step skipped, not finite: loss nan' in line]
    assert len(told) == 3  # also that of the last step
    for iteration, line in zip((1, 2, 5), told, strict=True):
        assert f'at iteration {iteration + 1};' in line
        for ann_id in hook.ann_ids[iteration]:
            assert f'annotation {ann_id} (' in line
    assert any('3 of 6 steps were skipped' in line for line in lines)
    assert len(history(runner, 'loss')) == 3
    assert all(map(math.isfinite, history(runner, 'loss')))
    assert all(p.isfinite().all() for p in runner.model.state_dict().values())


@pytest.mark.parametrize('poison', [{1}, {2}, {1, 2}, ()])
def test_a_checkpoint_says_what_that_of_the_guard_that_waits_says(
        tiny_runner, tmp_path, poison):
    one, other = (cut_off(tiny_runner, tmp_path / name, options, 3, poison)
                  for name, options in (('waits', FUSED), ('not', DEFERRED)))
    for name in ('skipped_steps', 'skipped_steps_in_a_row',
                 'stalled_steps_in_a_row'):
        assert one['runtime_info'][name] == other['runtime_info'][name], name
    for name in ('loss', 'loss_mil', 'fill', 'grad_norm'):
        values, _ = one['log_scalars'][f'train/{name}'].data
        found, _ = other['log_scalars'][f'train/{name}'].data
        assert len(values) == 3 - len(poison)
        assert found.tolist() == pytest.approx(values.tolist(), rel=1e-6)


def test_a_resumed_run_knows_of_the_step_before_the_cut(tiny_runner, tmp_path):
    cut_off(tiny_runner, tmp_path, DEFERRED, 2, poison={1})
    options = {**DEFERRED, 'default_hooks.nan_guard.max_in_a_row': 2}
    with pytest.raises(NonFiniteError, match='2 steps in a row .* at iteration 3'):
        train(tiny_runner, tmp_path, dict(options, resume=True), poison={2})
    runner, _ = train(tiny_runner, tmp_path, dict(DEFERRED, resume=True))
    assert '2 of 6 steps were skipped' in Path(
        runner.log_dir, f'{runner.timestamp}.log').read_text()


def test_saving_takes_nothing_from_the_run_itself(tiny_runner, tmp_path):
    runner, _ = train(tiny_runner, tmp_path, DEFERRED, poison={2})
    log = Path(runner.log_dir, f'{runner.timestamp}.log').read_text()
    assert log.count('Step skipped') == 1 and '1 of 6 steps were skipped' in log
    assert len(history(runner, 'loss')) == len(history(runner, 'grad_norm')) == 5


def test_too_many_in_a_row_end_the_run(tiny_runner, tmp_path):
    options = {**DEFERRED, 'default_hooks.nan_guard.max_in_a_row': 2}
    with pytest.raises(NonFiniteError, match='at iteration 4'):
        train(tiny_runner, tmp_path, options, poison={0, 2, 3})


def test_nothing_of_a_step_is_read_before_the_next_one(monkeypatch):
    hook, outputs = DeferLogHook(), dict(loss=torch.tensor(2.), epoch=3)
    hook.after_train_iter(None, 0, outputs=outputs)
    assert outputs == dict(epoch=3)
    outputs = dict(loss=torch.tensor(4.), fill=torch.tensor([.5]))
    hook.after_train_iter(None, 1, outputs=outputs)
    assert outputs == dict(loss=2.)
    outputs = dict(loss=torch.tensor(math.nan), fill=torch.tensor(.5))
    hook.after_train_iter(None, 2, outputs=outputs)
    assert outputs == dict(loss=4., fill=.5)
    outputs = dict(loss=torch.tensor(1.))
    hook.after_train_iter(None, 3, outputs=outputs)
    assert outputs == {}  # what is not finite is in no mean
    hook.after_train_iter(None, 4, outputs=None)
