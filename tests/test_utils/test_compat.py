"""Each shield does its work, and no more than that."""

import builtins
import importlib.metadata
import pickle
import subprocess
import sys
import types

import numpy as np
import pytest
import torch
from mmengine.dist import utils as dist_utils
from mmengine.logging import HistoryBuffer
from mmengine.model import MMDistributedDataParallel

from mmdet_mal.utils import compat


def run_python(code: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, '-c', code], capture_output=True,
                          text=True, timeout=300, check=False)


def test_shields_may_be_applied_twice():
    init = dist_utils._init_dist_pytorch
    wrap = MMDistributedDataParallel.__init__
    finders = len(sys.meta_path)
    compat.apply_shields()
    assert dist_utils._init_dist_pytorch is init
    assert MMDistributedDataParallel.__init__ is wrap
    assert len(sys.meta_path) == finders


def test_import_loads_neither_models_nor_torchvision():
    result = run_python(
        'import mmdet_mal, sys; heavy = {"torchvision", "mmdet", "mmpretrain",'
        '"mmdet_mal.models", "mmcv"}; print(sorted(heavy & set(sys.modules)))')
    assert result.stdout.strip() == '[]', result.stdout + result.stderr


def test_torchvision_and_mmpretrain_import_after_the_shield():
    result = run_python(
        'import mmdet_mal, torchvision, mmpretrain.models;'
        'from mmengine.utils.dl_utils import collect_env;'
        'print(collect_env()["TorchVision"])')
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()


def test_schemas_are_left_alone_when_the_extension_loads(monkeypatch):
    monkeypatch.setattr(compat, '_torchvision_extension_loads', lambda: True)
    monkeypatch.delitem(sys.modules, 'torchvision', raising=False)
    before = len(compat._KEPT_LIBRARIES)
    compat.define_torchvision_schemas()
    assert len(compat._KEPT_LIBRARIES) == before


# ---------------------------------------------------------------- checkpoints
def saved_and_loaded(content, tmp_path):
    path = tmp_path / 'x.pth'
    torch.save(content, path)
    return torch.load(path, weights_only=True)


def test_log_history_survives_weights_only(tmp_path):
    history = HistoryBuffer([1., 3.], [1, 1])
    history.update(5.)
    loaded = saved_and_loaded(history, tmp_path)
    assert loaded.mean() == 3.
    assert loaded.statistics('max') == 5.


@pytest.mark.parametrize('kind', ['f2', 'f4', 'f8', 'i4', 'i8', 'u1', '?'])
def test_numpy_values_survive_weights_only(kind, tmp_path):
    array = np.ones(3, kind)
    loaded = saved_and_loaded(dict(array=array, scalar=array[0]), tmp_path)
    assert loaded['array'].dtype == array.dtype
    assert loaded['scalar'] == array[0]


class CallsSystem:

    def __reduce__(self):
        import os
        return os.system, ('true', )


class AsksAttribute:

    def __init__(self, owner, name):
        self.owner, self.name = owner, name

    def __reduce__(self):
        return builtins.getattr, (self.owner, self.name)


@pytest.mark.parametrize('content', [
    pytest.param(CallsSystem(), id='calls os.system'),
    pytest.param(AsksAttribute(HistoryBuffer, '__init__'), id='dunder'),
    pytest.param(AsksAttribute(np.ndarray, 'tofile'), id='of another type'),
    pytest.param(AsksAttribute(HistoryBuffer, 'update'), id='no statistic'),
])
def test_weights_only_still_refuses_what_is_not_data(content, tmp_path):
    path = tmp_path / 'x.pth'
    torch.save(content, path)
    with pytest.raises((pickle.UnpicklingError, ValueError)):
        torch.load(path, weights_only=True)


# ---------------------------------------------------------------- distributed
@pytest.fixture
def no_accelerator(monkeypatch):
    monkeypatch.setattr(compat, '_has_accelerator', lambda: False)
    calls = []
    monkeypatch.setattr(torch.distributed, 'init_process_group',
                        lambda **kwargs: calls.append(kwargs))
    return calls


@pytest.mark.parametrize('asked, got', [('nccl', 'gloo'), ('gloo', 'gloo'),
                                        ('mpi', 'mpi')])
def test_process_group_without_cuda(asked, got, no_accelerator):
    dist_utils._init_dist_pytorch(asked, timeout=5)
    assert no_accelerator == [dict(backend=got, timeout=5)]


def test_ddp_of_a_cpu_model_gets_no_device(monkeypatch):
    given = {}

    def record(self, module, **kwargs):
        given.update(kwargs)

    base = torch.nn.parallel.DistributedDataParallel
    monkeypatch.setattr(base, '__init__', record)
    MMDistributedDataParallel(module=torch.nn.Linear(1, 1), device_ids=[0],
                              broadcast_buffers=False)
    assert given == dict(device_ids=None, broadcast_buffers=False)


# ------------------------------------------------------ rarely imported ones
@pytest.fixture
def fake_package(tmp_path, monkeypatch):
    """A package ``mal_fake`` whose submodule sets ``VALUE = 1``."""
    folder = tmp_path / 'mal_fake'
    folder.mkdir()
    (folder / '__init__.py').write_text('')
    (folder / 'late.py').write_text('VALUE = 1\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, 'meta_path', list(sys.meta_path))
    yield
    for name in ('mal_fake', 'mal_fake.late'):
        sys.modules.pop(name, None)


def set_two(module: types.ModuleType) -> None:
    module.VALUE = 2


def test_a_module_is_mended_when_it_is_imported(fake_package):
    compat._after_import('mal_fake.late', set_two)
    assert 'mal_fake.late' not in sys.modules
    from mal_fake import late
    assert late.VALUE == 2


def test_a_module_imported_before_is_mended_at_once(fake_package):
    from mal_fake import late
    compat._after_import('mal_fake.late', set_two)
    assert late.VALUE == 2


def test_a_mended_module_may_be_missing(fake_package):
    compat._after_import('mal_fake.absent', set_two)
    with pytest.raises(ModuleNotFoundError):
        import mal_fake.absent  # noqa: F401


@pytest.mark.parametrize('version, mended', [('4.46.0', False),
                                             ('5.0.1', True), (None, False)])
def test_multimodal_is_skipped_from_transformers_5_on(version, mended,
                                                      monkeypatch):

    def find(name):
        if version is None:
            raise importlib.metadata.PackageNotFoundError(name)
        return version

    asked = []
    monkeypatch.setattr(importlib.metadata, 'version', find)
    monkeypatch.setattr(compat, '_after_import',
                        lambda name, mend: asked.append(name))
    compat.skip_multimodal_mmpretrain()
    assert asked == ['mmpretrain.utils.dependency'] * mended


def test_only_lvis_gets_np_float(monkeypatch):
    lvis_eval = types.ModuleType('lvis.eval')
    lvis_eval.np = np
    monkeypatch.setitem(sys.modules, 'lvis.eval', lvis_eval)
    compat.give_lvis_np_float()
    assert lvis_eval.np.ones(2).astype(dtype=lvis_eval.np.float).sum() == 2.
    assert not hasattr(np, 'float')
