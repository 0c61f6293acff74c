"""A checkpoint is whole or absent."""

import os

import pytest
from mmengine.fileio import get_file_backend

from mmdet_mal.engine.hooks.atomic_checkpoint import AtomicCheckpointHook


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


@pytest.mark.parametrize('count', [0, 1])
def test_there_is_always_a_checkpoint(count):
    with pytest.raises(ValueError, match='use 2 or more'):
        AtomicCheckpointHook(max_keep_ckpts=count)
