"""Training, resuming and several processes, on a task of two weights."""

import sys
from pathlib import Path

import pytest
import torch

from mmdet_mal.engine.checkpoint import load_weights

TOOLS = Path(__file__).resolve().parents[2] / 'tools'


@pytest.fixture
def single_run(toy_config_file, run_command, tmp_path):
    """Work folder of four epochs in one process."""
    run_command(sys.executable, TOOLS / 'train.py', toy_config_file(4),
                '--work-dir', tmp_path / 'single')
    return tmp_path / 'single'


def assert_same_weights(folder, other, name='epoch_4.pth'):
    state, expected = load_weights(folder / name), load_weights(other / name)
    for key in expected:
        torch.testing.assert_close(state[key], expected[key])


def test_a_resumed_run_ends_like_an_uninterrupted_one(
        single_run, toy_config_file, run_command, read_losses, tmp_path):
    """Weights, optimizer, schedules, order of data and log are resumed."""
    work_dir = tmp_path / 'resumed'
    command = (sys.executable, TOOLS / 'train.py', toy_config_file(4),
               '--work-dir', work_dir)
    # The schedule is that of four epochs; only the run ends early.
    run_command(*command, '--cfg-options', 'train_cfg.max_epochs=2')
    assert len(read_losses(work_dir)) == 8
    output = run_command(*command, '--resume')
    assert 'resumed epoch: 2, iter: 8' in output
    assert read_losses(work_dir) == pytest.approx(
        read_losses(single_run), rel=1e-4)
    assert_same_weights(work_dir, single_run)


def test_two_processes_train_like_one_with_the_same_global_batch(
        single_run, toy_config_file, run_command, read_losses, tmp_path):
    work_dir = tmp_path / 'two'
    run_command('bash', TOOLS / 'dist_train.sh', toy_config_file(4), 2,
                '--work-dir', work_dir, '--cfg-options',
                'train_dataloader.batch_size=2')
    losses = read_losses(work_dir)
    assert len(losses) == 16
    assert losses == pytest.approx(read_losses(single_run), rel=1e-4)
    assert_same_weights(work_dir, single_run)
