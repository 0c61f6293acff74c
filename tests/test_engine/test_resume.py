"""The latest sound checkpoint is the one that a run goes on from."""

import logging
import os

import pytest
import torch

from mmdet_mal.engine.checkpoint import CheckpointError
from mmdet_mal.engine.resume import check_resumable, find_resumable

STATE = dict(meta={}, state_dict={'w': torch.arange(1000.)}, message_hub={},
             optimizer={})


def flip(path, share=0.5, bits=0x10):
    """Flip bits in one byte of a file."""
    content = bytearray(path.read_bytes())
    content[int(len(content) * share)] ^= bits
    path.write_bytes(content)


@pytest.fixture
def folder(tmp_path):
    """Three checkpoints by epoch, the last one named."""
    for i in (1, 2, 10):
        save(tmp_path / f'epoch_{i}.pth', age=20 - i)
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'epoch_10.pth'))
    return tmp_path


def save(path, age):
    """Save a checkpoint and say that this was some seconds ago."""
    torch.save(STATE, path)
    time = path.stat().st_mtime - age
    os.utime(path, (time, time))


def test_the_named_one_is_taken(folder):
    assert find_resumable(folder) == folder / 'epoch_10.pth'


DAMAGE = [
    pytest.param(flip, id='flipped bits'),
    pytest.param(lambda p: p.write_bytes(p.read_bytes()[:-500]), id='torn'),
    pytest.param(lambda p: p.write_bytes(b''), id='empty'),
    pytest.param(lambda p: p.write_bytes(bytes(5000)), id='zeros'),
    pytest.param(lambda p: torch.save(STATE['state_dict'], p),
                 id='no state of a training'),
]


@pytest.mark.parametrize('damage', DAMAGE)
def test_a_damaged_one_gives_way_to_the_one_before(damage, folder, caplog):
    damage(folder / 'epoch_10.pth')
    with caplog.at_level(logging.WARNING):
        assert find_resumable(folder) == folder / 'epoch_2.pth'
    logged = caplog.text
    assert str(folder / 'epoch_10.pth') in logged
    assert f"the one before, {folder / 'epoch_2.pth'}" in logged


@pytest.fixture(autouse=True)
def _log_to_pytest(monkeypatch):
    """MMEngine's logger keeps its records from pytest."""
    from mmengine.logging import MMLogger
    logger = logging.getLogger('for pytest')
    monkeypatch.setattr(MMLogger, 'get_current_instance', lambda: logger)


def test_several_damaged_ones_are_passed_over(folder):
    for i in (10, 2):
        flip(folder / f'epoch_{i}.pth')
    assert find_resumable(folder) == folder / 'epoch_1.pth'


def test_if_none_is_sound_the_run_ends(folder):
    for path in folder.glob('*.pth'):
        flip(path)
    with pytest.raises(CheckpointError, match='no checkpoint can be') as error:
        find_resumable(folder)
    message = str(error.value)
    assert all(f'epoch_{i}.pth' in message for i in (1, 2, 10))
    assert 'delete them to start from the beginning' in message


def test_no_checkpoint_is_no_fault(tmp_path):
    assert find_resumable(tmp_path) is None
    assert find_resumable(tmp_path / 'absent') is None


def test_a_file_of_an_older_run_in_the_folder_is_not_the_one_before(folder):
    (folder / 'last_checkpoint').write_text('epoch_2.pth')
    flip(folder / 'epoch_2.pth')
    assert find_resumable(folder) == folder / 'epoch_1.pth'


@pytest.mark.parametrize('pointer', [
    pytest.param('', id='torn'),
    pytest.param('gone/epoch_11.pth', id='to nothing'),
    pytest.param('\xff', id='not a path'),
    pytest.param(None, id='absent'),
])
def test_without_a_pointer_the_newest_is_taken(pointer, folder):
    if pointer is None:
        (folder / 'last_checkpoint').unlink()
    else:
        (folder / 'last_checkpoint').write_text(pointer, encoding='latin-1')
    assert find_resumable(folder) == folder / 'epoch_10.pth'


def test_a_folder_that_was_moved_works(folder):
    (folder / 'last_checkpoint').write_text('/elsewhere/run/epoch_2.pth')
    assert find_resumable(folder) == folder / 'epoch_2.pth'


def test_checkpoints_by_epoch_and_by_iteration_go_by_time(folder):
    save(folder / 'iter_700.pth', age=5)
    flip(folder / 'epoch_10.pth')
    save(folder / 'iter_900.pth', age=-20)
    # In 20 s of the future: of another run than the pointer.
    assert find_resumable(folder) == folder / 'iter_700.pth'


def test_files_of_other_kinds_are_left_alone(folder):
    save(folder / 'best_mIoU_epoch_3.pth', age=0)
    save(folder / 'epoch_11.pth.tmp', age=0)
    (folder / 'last_checkpoint').unlink()
    assert find_resumable(folder) == folder / 'epoch_10.pth'


@pytest.mark.parametrize('damage', DAMAGE)
def test_a_file_that_cannot_be_gone_on_from_is_named(damage, folder):
    path = folder / 'epoch_1.pth'
    check_resumable(path)
    damage(path)
    with pytest.raises(CheckpointError) as error:
        check_resumable(path)
    assert str(error.value).startswith(str(path))
    assert '\n' not in str(error.value)
