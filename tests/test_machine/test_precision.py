"""Precision of labelling."""

import pytest
import torch

from mmdet_mal.machine.precision import (Precision, choose_precision,
                                         precision_of)
from mmdet_mal.machine.processor import Processor
from mmdet_mal.utils.errors import UserError

ZEN_3 = Processor('Zen 3', frozenset({'avx2'}))
AMX = Processor('X', frozenset({'amx_bf16', 'avx512_bf16'}))


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch):
    monkeypatch.delenv('MAL_PRECISION', raising=False)


def test_the_environment_says_what_auto_means(monkeypatch):
    monkeypatch.setenv('MAL_PRECISION', 'fp32')
    found = choose_precision('auto', 'cpu', AMX)
    assert (found.name, found.reason) == ('fp32', 'MAL_PRECISION says so')
    assert choose_precision('bf16', 'cpu', ZEN_3).name == 'bf16'
    monkeypatch.setenv('MAL_PRECISION', 'half')
    with pytest.raises(UserError, match="'half': is none of auto, fp32, bf16"):
        choose_precision('auto', 'cpu', ZEN_3)


@pytest.mark.parametrize('wish, processor, name, word', [
    ('auto', ZEN_3, 'fp32', 'neither'), ('auto', AMX, 'bf16', 'AMX'),
    ('fp32', AMX, 'fp32', 'asked'), ('bf16', ZEN_3, 'bf16', 'asked')])
def test_a_processor_is_asked(wish, processor, name, word):
    precision = choose_precision(wish, 'cpu', processor)
    assert precision.name == name and word in precision.reason


@pytest.mark.parametrize('capability, name', [
    ((7, 5), 'fp32'), ((8, 0), 'bf16'), ((9, 0), 'bf16')])
def test_a_gpu_is_asked(monkeypatch, capability, name):
    monkeypatch.setattr(torch.cuda, 'get_device_capability',
                        lambda device: capability)
    assert choose_precision('auto', 'cuda:1').name == name


def test_nothing_is_assumed_of_other_devices():
    assert choose_precision('auto', 'mps').name == 'fp32'


@pytest.mark.parametrize('settings, name', [
    (None, 'fp32'), ({}, 'fp32'), (dict(type='mmdet_mal.LabelLoop'), 'fp32'),
    (dict(precision='bf16'), 'bf16'), (dict(fp16=False), 'fp32'),
    (dict(fp16=True), 'bf16')])
def test_what_test_cfg_asks_for_on_a_cpu(monkeypatch, settings, name):
    monkeypatch.setattr('mmdet_mal.machine.precision.this_processor',
                        lambda: ZEN_3)
    assert precision_of(settings, 'cpu').name == name


def test_fp16_of_test_cfg_on_a_gpu_is_what_it_was():
    assert precision_of(dict(fp16=True), 'cuda').name == 'fp16'


@pytest.mark.parametrize('settings, words', [
    (dict(precision='fp8'), 'is none of auto, fp32, bf16'),
    (dict(precision=None), 'is none of'),
    (dict(fp16=True, precision='fp32'), 'keep one of them')])
def test_what_cannot_be_is_named(settings, words):
    with pytest.raises(UserError, match=words):
        precision_of(settings, 'cpu')


@pytest.mark.parametrize('name, dtype', [
    ('fp32', torch.float32), ('bf16', torch.bfloat16)])
def test_the_context_has_torch_compute_so(name, dtype):
    x = torch.ones(2, 2)
    with Precision(name, '').autocast('cpu'):
        assert (x @ x).dtype == dtype
    assert (x @ x).dtype == torch.float32
