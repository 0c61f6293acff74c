"""A run that was cut off ends as if it had not been, to the last bit."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook

from mmdet_mal.datasets.samplers import ResumableSampler
from mmdet_mal.engine.train_loop import ResumeError
from mmdet_mal.utils.errors import UserError

WORKERS = 'train_dataloader.num_workers'
PERSISTENT = 'train_dataloader.persistent_workers'
BATCH = 'train_dataloader.batch_size'
TOGETHER = 'train_dataloader.sampler.together'
BY_EPOCH = 'default_hooks.checkpoint.by_epoch'


@pytest.fixture(scope='module')
def whole(train, tmp_path_factory):
    """Two epochs of three steps, undisturbed."""
    return train(tmp_path_factory.mktemp('whole'))


def assert_ends_like(runner, record, whole, first):
    """The same samples, losses and weights from an iteration on."""
    whole_runner, whole_record = whole
    later = range(first, 6)
    assert list(record.losses) == list(later)
    for i in later:
        assert record.samples[i] == whole_record.samples[i]
        assert record.losses[i] == whole_record.losses[i]
    state = runner.model.state_dict()
    expected = whole_runner.model.state_dict()
    assert any(key.startswith('teacher') for key in expected)
    assert all(torch.equal(state[key], expected[key]) for key in expected)


@pytest.mark.parametrize('cut, before, after', [
    pytest.param(1, {}, {}, id='first epoch'),
    pytest.param(2, {WORKERS: 2, PERSISTENT: True}, {WORKERS: 1},
                 id='fewer workers'),
    pytest.param(3, {}, {}, id='between epochs'),
    pytest.param(4, {}, {WORKERS: 2, PERSISTENT: True}, id='more workers'),
    pytest.param(5, {WORKERS: 2}, {}, id='last batch'),
    # The checkpoint's seed counts.
    pytest.param(2, {}, {'randomness.seed': 5}, id='other seed since'),
])
def test_resumed_run_ends_like_an_uninterrupted_one(
        cut, before, after, train, whole, tmp_path):
    train(tmp_path, cut_before=cut, **before,
          **{'default_hooks.checkpoint.interval': 1})
    runner, record = train(tmp_path, resume=True, **after)
    assert_ends_like(runner, record, whole, first=cut)


def test_checkpoints_by_epoch_resume_exactly(train, whole, tmp_path):
    train(tmp_path, cut_before=5, **{BY_EPOCH: True})
    runner, record = train(tmp_path, resume=True, **{BY_EPOCH: True})
    assert_ends_like(runner, record, whole, first=3)


def test_a_run_cut_twice(train, whole, tmp_path):
    train(tmp_path, cut_before=2)
    train(tmp_path, cut_before=5, resume=True)
    runner, record = train(tmp_path, resume=True)
    assert_ends_like(runner, record, whole, first=5)


class _OldCheckpoints(Hook):
    """Removes what older loops did not store."""

    def after_load_checkpoint(self, runner, checkpoint):
        info = checkpoint['message_hub']['runtime_info']
        assert info.pop('epoch_iters_done') == 2
        assert info.pop('epoch_iters') == 3


def test_checkpoint_of_the_stock_loop_resumes_in_its_epoch(
        train, whole, tmp_path):
    train(tmp_path, cut_before=2)
    runner, record = train(tmp_path, resume=True, hooks=[_OldCheckpoints()])
    assert_ends_like(runner, record, whole, first=2)


class _Chance(Hook):
    """Draws random numbers where a hook may."""

    def __init__(self):
        self.drawn = []

    def draw(self):
        self.drawn.append(
            (random.random(), np.random.rand(), torch.rand(1).item()))

    def before_train_epoch(self, runner):
        self.draw()

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.draw()


def test_hooks_draw_the_same_too(train, tmp_path):
    whole, before, after = _Chance(), _Chance(), _Chance()
    train(tmp_path / 'whole', hooks=[whole])
    train(tmp_path / 'cut', cut_before=4, hooks=[before])
    train(tmp_path / 'cut', resume=True, hooks=[after])
    # Two epochs and six steps; the cut run also came to its fifth step.
    assert len(set(whole.drawn)) == 8
    assert before.drawn == whole.drawn[:7]
    second_epoch, _, *last_steps = whole.drawn[4:]
    assert after.drawn == [second_epoch, *last_steps]


def test_epoch_of_another_length_is_refused_within_an_epoch(train, tmp_path):
    train(tmp_path, cut_before=2)
    with pytest.raises(ResumeError) as error:
        train(tmp_path, resume=True, **{BATCH: 2})
    message = str(error.value)
    assert message.startswith(str(tmp_path / 'iter_2.pth'))
    assert '2 iterations into an epoch of 3' in message
    assert 'an epoch has 6' in message


def test_epoch_of_another_length_is_fine_between_epochs(train, tmp_path):
    train(tmp_path, cut_before=3, **{BY_EPOCH: True})
    runner, record = train(tmp_path, resume=True, **{BATCH: 2, BY_EPOCH: True})
    assert list(record.losses) == list(range(3, 9))
    log = Path(runner.log_dir, f'{runner.timestamp}.log').read_text()
    assert 'had 3 iterations when the checkpoint was saved and has 6' in log


def test_another_order_is_refused_within_an_epoch(train, tmp_path, monkeypatch):
    train(tmp_path, cut_before=2, **{TOGETHER: 2})
    with pytest.raises(ResumeError) as error:
        train(tmp_path, resume=True, **{TOGETHER: 3})
    message = str(error.value)
    assert message.startswith(str(tmp_path / 'iter_2.pth'))
    assert 'order of sampler.together=2, processes=1, but' in message
    assert 'that of sampler.together=3, processes=1 now' in message
    monkeypatch.setattr(ResumableSampler, 'order_settings', {
        'sampler.together': 2, 'processes': 4})
    with pytest.raises(ResumeError, match='processes=1, but .* processes=4 now'):
        train(tmp_path, resume=True, **{TOGETHER: 2})


class _KnowsRanksOnly(Hook):
    """Makes checkpoints those of loops that stored no more of the order."""

    def __init__(self, ranks):
        self.ranks = ranks

    def after_load_checkpoint(self, runner, checkpoint):
        info = checkpoint['message_hub']['runtime_info']
        assert info.pop('epoch_order')
        info['epoch_ranks'] = self.ranks
        # Runs that start in the same second share their hub.
        runner.message_hub.runtime_info.pop('epoch_order', None)


def test_an_older_checkpoint_of_other_processes_is_refused(train, tmp_path):
    train(tmp_path, cut_before=2, **{TOGETHER: 2})
    with pytest.raises(ResumeError, match=(
            'order of sampler.together=2, processes=4, but it is that of '
            'sampler.together=2, processes=1 now')):
        train(tmp_path, resume=True, hooks=[_KnowsRanksOnly(4)], **{TOGETHER: 2})
    _, record = train(
        tmp_path, resume=True, hooks=[_KnowsRanksOnly(1)], **{TOGETHER: 2})
    assert list(record.losses) == list(range(2, 6))


def test_an_older_checkpoint_of_other_processes_that_took_turns_is_fine(
        train, tmp_path):
    train(tmp_path, cut_before=2)
    _, record = train(tmp_path, resume=True, hooks=[_KnowsRanksOnly(4)])
    assert list(record.losses) == list(range(2, 6))


def test_another_order_is_fine_between_epochs(train, tmp_path):
    train(tmp_path, cut_before=3, **{TOGETHER: 2, BY_EPOCH: True})
    _, record = train(tmp_path, resume=True, **{TOGETHER: 1, BY_EPOCH: True})
    assert list(record.losses) == list(range(3, 6))


def test_log_lines_and_rates_go_on(train, whole, tmp_path):
    train(tmp_path, cut_before=4)
    runner, _ = train(tmp_path, resume=True)
    log = Path(runner.log_dir, f'{runner.timestamp}.log').read_text()
    # Both runs write to one file if they start in the same second.
    _, resumed, log = log.partition('Going on in epoch 2 after 1 of its 3')
    assert resumed
    assert 'Epoch(train) [2][2/3]' in log and 'Epoch(train) [2][1/3]' not in log

    def rates(runner):
        return runner.message_hub.get_scalar('train/lr').data[0].tolist()

    assert rates(runner) == rates(whole[0])
    assert len(set(rates(runner))) > 2


def test_a_sampler_that_cannot_resume_is_refused(tiny_runner, tmp_path):
    runner = tiny_runner(
        tmp_path, **{'train_dataloader.sampler.type': 'DefaultSampler'})
    with pytest.raises(UserError, match='cannot resume with a DefaultSampler'):
        runner.train()
