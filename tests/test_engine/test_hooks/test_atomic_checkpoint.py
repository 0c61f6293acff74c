"""A checkpoint is whole or absent."""

import os
from pathlib import Path

import pytest
from mmengine.fileio import get_file_backend

from mmdet_mal.engine.atomic_backend import AtomicLocalBackend
from mmdet_mal.engine.hooks.atomic_checkpoint import AtomicCheckpointHook
from mmdet_mal.labelling.files import temporary_name


@pytest.fixture
def backend():
    return get_file_backend(
        backend_args=AtomicCheckpointHook(interval=1).backend_args)


def test_put_writes_and_replaces(backend, tmp_path):
    path = tmp_path / 'folder' / 'x.pth'
    backend.put(b'old', path)
    backend.put(b'new', path)
    assert path.read_bytes() == b'new'
    assert os.listdir(path.parent) == ['x.pth']


def test_a_failed_write_leaves_the_old_file(backend, tmp_path, monkeypatch):
    path = tmp_path / 'x.pth'
    backend.put(b'old', path)

    def full(*args):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(OSError, match='No space'):
        backend.put(b'new', path)
    assert path.read_bytes() == b'old'
    assert os.listdir(tmp_path) == ['x.pth']


def test_a_killed_write_leaves_one_file_that_the_next_replaces(
        backend, tmp_path):
    path = tmp_path / 'x.pth'
    Path(temporary_name(str(path))).write_bytes(b'torn')
    backend.put(b'new', path)
    assert path.read_bytes() == b'new'
    assert os.listdir(tmp_path) == ['x.pth']


def test_texts_are_written_likewise(backend, tmp_path):
    backend.put_text('grüß', tmp_path / 'x')
    assert (tmp_path / 'x').read_text(encoding='utf-8') == 'grüß'


@pytest.mark.parametrize('count', [0, 1])
def test_there_is_always_one_to_fall_back_on(count):
    with pytest.raises(ValueError, match='use 2 or more'):
        AtomicCheckpointHook(max_keep_ckpts=count)


def files(folder):
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def test_the_newest_are_kept(train, tmp_path):
    train(tmp_path)
    assert files(tmp_path) == [
        'iter_5.pth', 'iter_6.pth', 'last_checkpoint', 'mal_tiny.py']
    assert (tmp_path / 'last_checkpoint').read_text() == str(
        tmp_path / 'iter_6.pth')


class Killed(BaseException):
    """What stands for SIGKILL: nobody catches it."""


@pytest.mark.parametrize('name, left', [
    # While the new one is written, all that a resume needs is there ...
    pytest.param('iter_4.pth', ['iter_2.pth', 'iter_3.pth'], id='saving'),
    # ... and also before last_checkpoint names the new one.
    pytest.param('last_checkpoint', ['iter_2.pth', 'iter_3.pth', 'iter_4.pth'],
                 id='naming'),
])
def test_killed_while_saving(name, left, train, tmp_path, monkeypatch):
    stock, named = AtomicLocalBackend.put, []

    def put(self, obj, filepath):
        named.append(os.path.basename(filepath))
        if named[-1] == name and 'iter_4.pth' in named:
            raise Killed
        stock(self, obj, filepath)

    with monkeypatch.context() as patch:
        patch.setattr(AtomicLocalBackend, 'put', put)
        with pytest.raises(Killed):
            train(tmp_path)
    assert [f for f in files(tmp_path) if f.startswith('iter')] == left
    assert (tmp_path / 'last_checkpoint').read_text().endswith('iter_3.pth')
    _, record = train(tmp_path, resume=True)
    assert min(record.losses) == 3
    assert files(tmp_path)[:2] == ['iter_5.pth', 'iter_6.pth']


def test_killed_before_the_oldest_was_deleted(train, tmp_path, monkeypatch):
    def die(self, path):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(AtomicCheckpointHook, '_delete', die)
        with pytest.raises(Killed):
            train(tmp_path)
    assert files(tmp_path)[:3] == ['iter_1.pth', 'iter_2.pth', 'iter_3.pth']
    train(tmp_path, resume=True)
    assert files(tmp_path)[:2] == ['iter_5.pth', 'iter_6.pth']


def test_two_hooks_count_their_own_files(train, tmp_path):
    by_epoch = AtomicCheckpointHook(interval=1, max_keep_ckpts=2)
    train(tmp_path, cut_before=4, hooks=[by_epoch])
    by_epoch = AtomicCheckpointHook(interval=1, max_keep_ckpts=2)
    train(tmp_path, resume=True, hooks=[by_epoch])
    assert files(tmp_path)[:4] == [
        'epoch_1.pth', 'epoch_2.pth', 'iter_5.pth', 'iter_6.pth']


def test_a_new_run_in_an_old_folder_keeps_what_it_did_not_write(
        train, tmp_path):
    (tmp_path / 'iter_77.pth').write_bytes(b'of another run')
    train(tmp_path)
    assert files(tmp_path)[:3] == ['iter_5.pth', 'iter_6.pth', 'iter_77.pth']
