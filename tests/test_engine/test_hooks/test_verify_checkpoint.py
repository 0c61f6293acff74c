"""Runs go on from sound checkpoints, under any tool that runs a config."""

from pathlib import Path

import pytest
import torch

from mmdet_mal.engine.checkpoint import CheckpointError
from mmdet_mal.engine.hooks import VerifyCheckpointHook


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)


def log_of(runner):
    return Path(runner.log_dir, f'{runner.timestamp}.log').read_text()


@pytest.fixture(scope='module')
def three_steps(train, tmp_path_factory):
    """Content of a folder of a run that was cut off."""
    folder = tmp_path_factory.mktemp('three')
    train(folder, cut_before=3)
    return {path.name: path.read_bytes() for path in folder.glob('*.pth')}


@pytest.fixture
def folder(three_steps, tmp_path):
    for name, content in three_steps.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'iter_3.pth'))
    return tmp_path


def test_a_damaged_checkpoint_gives_way_to_the_one_before(train, folder):
    flip(folder / 'iter_3.pth')
    runner, record = train(folder, resume=True)
    assert min(record.losses) == 2
    log = log_of(runner)
    assert f"{folder / 'iter_3.pth'}: damaged since it was saved" in log
    assert f"the one before, {folder / 'iter_2.pth'}" in log


def test_a_named_checkpoint_that_is_damaged_ends_the_run(train, folder):
    flip(folder / 'iter_3.pth')
    with pytest.raises(CheckpointError, match='iter_3.pth: damaged'):
        train(folder, resume=True, load_from=str(folder / 'iter_3.pth'))


def test_weights_that_are_damaged_end_the_run(train, folder):
    flip(folder / 'iter_3.pth')
    with pytest.raises(CheckpointError, match='iter_3.pth: damaged'):
        train(folder, load_from=str(folder / 'iter_3.pth'))


def test_weights_alone_cannot_be_resumed(train, tmp_path):
    torch.save({'w': torch.ones(1)}, tmp_path / 'weights.pth')
    with pytest.raises(CheckpointError, match='no state of a training'):
        train(tmp_path, resume=True, load_from=str(tmp_path / 'weights.pth'))


def test_sound_weights_start_a_run(train, folder, tmp_path):
    runner, record = train(tmp_path / 'new',
                           load_from=str(folder / 'iter_3.pth'))
    assert min(record.losses) == 0


def test_nothing_to_resume_starts_from_the_beginning(train, tmp_path):
    runner, record = train(tmp_path, resume=True)
    assert list(record.losses) == list(range(6))
    log = log_of(runner)
    assert f'Nothing to resume: {tmp_path} has no checkpoint' in log
    assert 'Auto resumed' not in log


def test_a_checkpoint_that_is_not_local_is_left_to_mmengine(
        tiny_runner, tmp_path):
    (tmp_path / 'last_checkpoint').write_text('s3://bucket/iter_3.pth')
    runner = tiny_runner(tmp_path, resume=True)
    VerifyCheckpointHook().before_run(runner)
    assert runner._load_from == 's3://bucket/iter_3.pth' and runner._resume
