"""Which path is taken, and what is said about it."""

import logging
import sys
from pathlib import Path

import pytest
import torch

from mmdet_mal.models.mean_field import compiled
from mmdet_mal.models.mean_field import paths as paths_module
from mmdet_mal.models.mean_field.paths import (COMPILED, TENSORS, TRITON,
                                               VARIABLE, choose_path)
from mmdet_mal.utils.errors import UserError

sys.path.insert(0, str(Path(__file__).parent))
from mean_field_cases import needs_compiled


@pytest.fixture
def choices(monkeypatch):
    """Forget earlier choices, collect what is logged."""
    paths_module._choose.cache_clear()
    lines = []
    monkeypatch.setattr(paths_module, 'print_log',
                        lambda text, logger, level: lines.append(
                            (logging.getLevelName(level), text)))
    monkeypatch.delenv(VARIABLE, raising=False)
    yield lines
    paths_module._choose.cache_clear()


@needs_compiled
def test_the_cpu_takes_c_and_says_so_once(choices):
    assert {choose_path(torch.zeros(1, 2, 2)) for _ in range(3)} == {COMPILED}
    assert choices == [
        ('INFO', 'Mean field on cpu: compiled (the fastest that there is)')]


def test_without_the_library_tensors_serve_and_the_reason_is_said(
        choices, monkeypatch):
    monkeypatch.setattr(paths_module, 'why_not_compiled', lambda: 'no library')
    assert choose_path(torch.zeros(1, 2, 2)) == TENSORS
    assert choices == [
        ('WARNING', 'Mean field on cpu: tensors (not compiled: no library)')]


def test_a_wish_that_cannot_be_met_is_an_error(choices, monkeypatch):
    monkeypatch.setattr(paths_module, 'why_not_compiled', lambda: 'no library')
    for wish, message in ((COMPILED, 'no library'), (TRITON, 'CUDA devices'),
                          ('fast', 'none of auto, compiled')):
        monkeypatch.setenv(VARIABLE, wish)
        with pytest.raises(UserError, match=message):
            choose_path(torch.zeros(1, 2, 2))


def test_other_devices_take_tensors(choices):
    assert choose_path(torch.zeros(1, 2, 2, device='meta')) == TENSORS
    assert choices[0][0] == 'INFO'
    assert 'not triton: it computes on CUDA' in choices[0][1]


@needs_compiled
def test_a_library_of_other_source_is_not_called(monkeypatch):
    monkeypatch.setattr(compiled, '_VERSION', 999)
    assert 'this code wants 999' in compiled._load.__wrapped__()
