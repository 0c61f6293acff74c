"""One config, the precision of the machine."""
import pytest
import torch

from mmdet_mal.engine import optim_wrapper
from mmdet_mal.engine.guarded_amp_optim_wrapper import GuardedAmpOptimWrapper
from mmdet_mal.engine.guarded_autocast_optim_wrapper import \
    GuardedAutocastOptimWrapper
from mmdet_mal.engine.guarded_optim_wrapper import GuardedOptimWrapper
from mmdet_mal.machine import precision
from mmdet_mal.machine.processor import Processor
from mmdet_mal.registry import OPTIM_WRAPPERS
from mmdet_mal.utils.errors import UserError


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch):
    monkeypatch.delenv('MAL_PRECISION', raising=False)


def build(**options):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 1.)
    return OPTIM_WRAPPERS.build(
        dict(type='mmdet_mal.AutoPrecisionOptimWrapper', optimizer=optimizer,
             clip_grad=dict(max_norm=1.), **options))


def test_without_a_gpu_it_is_the_plain_wrapper(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(precision, 'this_processor', Processor)
    wrapper = build()
    assert type(wrapper) is GuardedOptimWrapper
    assert wrapper.clip_grad_kwargs == dict(max_norm=1.)


def test_with_a_gpu_the_precision_follows_the_hardware(monkeypatch):
    asked = []

    class Amp(GuardedAmpOptimWrapper):

        def __init__(self, dtype, loss_scale, **kwargs):
            asked.append((dtype, loss_scale))

    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(optim_wrapper, 'GuardedAmpOptimWrapper', Amp)
    for capability in ((8, 0), (7, 0)):
        monkeypatch.setattr(torch.cuda, 'get_device_capability',
                            lambda _, capability=capability: capability)
        build()
    assert asked == [('bfloat16', 1.0), ('float16', 'dynamic')]
    build(precision='bf16')  # emulated there, but as asked for
    assert asked[2:] == [('bfloat16', 1.0)]
    assert type(build(precision='fp32')) is GuardedOptimWrapper


@pytest.mark.parametrize('flag', ['amx_bf16', 'avx512_bf16'])
def test_a_processor_with_bf16_units_trains_in_bf16(monkeypatch, flag):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(precision, 'this_processor',
                        lambda: Processor('X', frozenset({flag})))
    assert type(build()) is GuardedAutocastOptimWrapper
    assert type(build(precision='fp32')) is GuardedOptimWrapper


def test_on_a_cpu_the_model_runs_in_bf16_and_the_weights_stay_fp32(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    layer = torch.nn.Linear(4, 4)
    wrapper = OPTIM_WRAPPERS.build(dict(
        type='mmdet_mal.AutoPrecisionOptimWrapper', precision='bf16',
        optimizer=torch.optim.SGD(layer.parameters(), 1.)))
    before = layer.weight.clone()
    with wrapper.optim_context(layer):
        out = layer(torch.ones(2, 4))
    assert out.dtype == torch.bfloat16
    assert layer(torch.ones(2, 4)).dtype == torch.float32  # outside, as ever
    wrapper.update_params(out.float().sum())
    assert wrapper.report.finite and layer.weight.dtype == torch.float32
    assert layer.weight.grad is None or layer.weight.grad.dtype == torch.float32
    # Each weight sees two ones: its gradient is 2.
    assert torch.equal(layer.weight, before - 2)


def test_a_non_finite_step_is_skipped_in_bf16_too(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    layer = torch.nn.Linear(1, 1)
    wrapper = OPTIM_WRAPPERS.build(dict(
        type='mmdet_mal.AutoPrecisionOptimWrapper', precision='bf16',
        optimizer=torch.optim.SGD(layer.parameters(), 1.)))
    before = layer.weight.clone()
    with wrapper.optim_context(layer):
        loss = layer(torch.full((1, 1), float('inf'))).sum()
    wrapper.update_params(loss)
    assert wrapper.report.skipped and torch.equal(layer.weight, before)


def test_a_word_that_is_no_precision():
    with pytest.raises(UserError, match="'half': is none of auto, fp32, bf16"):
        build(precision='half')


def test_the_precision_of_a_config_is_known_before_it_trains(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    wrapper = dict(type='mmdet_mal.AutoPrecisionOptimWrapper', precision='bf16')
    assert optim_wrapper.training_precision(
        dict(optim_wrapper=wrapper)).name == 'bf16'
    assert optim_wrapper.training_precision(
        dict(optim_wrapper=dict(type='OptimWrapper'))) is None
    assert optim_wrapper.training_precision({}) is None
