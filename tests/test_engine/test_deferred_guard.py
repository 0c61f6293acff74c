"""Steps that the device skips by itself, and of which the host hears later."""

import sys
from pathlib import Path

import pytest
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parent))
from guarded_steps import CLIPPING, INF, NAN, assert_same, build_step, state

from mmdet_mal.engine import optim_wrapper
from mmdet_mal.engine.deferred_guard_optim_wrapper import \
    DeferredGuardOptimWrapper
from mmdet_mal.engine.guarded_optim_wrapper import GuardedOptimWrapper
from mmdet_mal.engine.host_copy import HostCopy
from mmdet_mal.machine.precision import Precision
from mmdet_mal.registry import OPTIM_WRAPPERS
from mmdet_mal.utils.errors import UserError


def build(kind=DeferredGuardOptimWrapper, fused=True, **kwargs):
    return build_step(kind, fused, **kwargs)


@pytest.mark.parametrize('clip_grad', CLIPPING)
@pytest.mark.parametrize('counts', [1, 2])
def test_steps_have_the_bits_of_the_guard_that_waits(clip_grad, counts):
    states = []
    for kind in (GuardedOptimWrapper, DeferredGuardOptimWrapper):
        model, wrapper = build(kind, clip_grad=clip_grad,
                               accumulative_counts=counts)
        for i in range(6):
            factor = NAN if i == 3 else 1.
            loss = model(torch.tensor([[i + 1., -2.]])).square().sum()
            wrapper.update_params(factor * loss)
        states.append(state(model, wrapper))
    assert_same(*states)


@pytest.mark.parametrize('clip_grad', CLIPPING)
@pytest.mark.parametrize('make_loss', [
    pytest.param(lambda w: w.sum() * NAN, id='NaN'),
    pytest.param(lambda w: w.sum() * INF, id='infinite'),
    pytest.param(lambda w: w.sum() + INF, id='infinite loss, finite gradient'),
    pytest.param(lambda w: (w - w.detach()).abs().sqrt().sum(),
                 id='finite loss, gradient NaN'),
])
def test_bad_steps_leave_everything_alone_and_are_told_a_step_later(
        make_loss, clip_grad):
    model, wrapper = build(clip_grad=clip_grad)
    wrapper.update_params(model.weight.square().sum())
    assert wrapper.report is None and wrapper.stepped
    before = state(model, wrapper)
    wrapper.update_params(make_loss(model.weight))
    assert not wrapper.report.skipped  # of the step before
    assert_same(state(model, wrapper), before)
    assert model.weight.grad is None
    wrapper.update_params(model.weight.square().sum())
    assert wrapper.report.skipped and not wrapper.report.finite
    assert wrapper.last_report().finite
    assert wrapper.last_report() is None  # once


def test_accumulated_batches_are_no_step():
    model, wrapper = build(accumulative_counts=2)
    found = []
    for _ in range(4):
        wrapper.update_params(model.weight.sum())
        found.append((wrapper.stepped, wrapper.report is not None))
    assert found == [(False, False), (True, False), (False, False), (True, True)]


def test_the_host_reads_once_and_after_the_step_was_given(monkeypatch):
    model, wrapper = build(clip_grad=dict(max_norm=1.))
    wrapper.update_params(model(torch.ones(3, 2)).square().mean())
    seen = []
    for name in ('tolist', 'item', '__bool__', '__float__', 'cpu', 'numpy'):
        original = getattr(torch.Tensor, name)

        def spy(self, *args, original=original, name=name, **kwargs):
            seen.append(name)
            return original(self, *args, **kwargs)

        monkeypatch.setattr(torch.Tensor, name, spy)
    step = wrapper.optimizer.step
    monkeypatch.setattr(wrapper.optimizer, 'step', lambda **kwargs: (
        step(**kwargs), seen.append('step')))
    wrapper.update_params(model(torch.ones(3, 2)).square().mean())
    assert seen == ['step', 'tolist']


def test_an_optimizer_that_cannot_skip_is_refused():
    with pytest.raises(UserError, match='optimizer.fused=True'):
        build(fused=False)


def test_sgd_is_refused_with_momentum():
    """Its momentum would be what the memory held, were the first step skipped."""
    weight = nn.Parameter(torch.ones(2))
    with pytest.raises(UserError, match='SGD that has a momentum'):
        DeferredGuardOptimWrapper(
            torch.optim.SGD([weight], lr=.1, momentum=.9, fused=True))
    wrapper = DeferredGuardOptimWrapper(torch.optim.SGD([weight], lr=.5, fused=True))
    for factor in (NAN, 1.):
        wrapper.update_params(weight.sum() * factor)
    assert weight.tolist() == [.5, .5]


def test_the_forward_pass_is_under_autocast_if_so_asked():
    model, wrapper = build(dtype=torch.bfloat16)
    with wrapper.optim_context(model):
        assert model(torch.ones(1, 2)).dtype == torch.bfloat16
    model, wrapper = build()
    with wrapper.optim_context(model):
        assert model(torch.ones(1, 2)).dtype == torch.float32


@pytest.mark.parametrize('name, kind', [
    ('fp32', DeferredGuardOptimWrapper), ('bf16', DeferredGuardOptimWrapper),
    ('fp16', 'amp')])
def test_fp16_keeps_the_guard_that_watches_the_scale(monkeypatch, name, kind):
    monkeypatch.setattr(optim_wrapper, 'choose_training_precision',
                        lambda wish: Precision(name, 'so said'))
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: name == 'fp16')
    monkeypatch.setattr(optim_wrapper, 'GuardedAmpOptimWrapper',
                        lambda **kwargs: 'amp')
    model = nn.Linear(2, 1)
    wrapper = OPTIM_WRAPPERS.build(dict(
        type='mmdet_mal.AutoPrecisionOptimWrapper', guard='deferred',
        optimizer=torch.optim.AdamW(model.parameters(), fused=True)))
    assert wrapper == 'amp' if kind == 'amp' else type(wrapper) is kind
    if name == 'bf16':
        assert wrapper.dtype == torch.bfloat16


def test_a_word_that_is_no_guard():
    model, _ = build()
    with pytest.raises(UserError, match="'at_once' or 'deferred', got 'never'"):
        OPTIM_WRAPPERS.build(dict(
            type='mmdet_mal.AutoPrecisionOptimWrapper', guard='never',
            optimizer=torch.optim.AdamW(model.parameters())))


def test_a_copy_has_the_values_of_when_it_was_made():
    values = torch.tensor([1., 2.], requires_grad=True)
    copied = HostCopy(values)
    with torch.no_grad():
        values.zero_()
    assert copied.read() == [1., 2.]


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a CUDA device')
def test_a_gpu_skips_as_the_cpu_does():
    states = []
    for device in ('cpu', 'cuda'):
        torch.manual_seed(0)
        model = nn.Linear(2, 1, bias=False).to(device)
        wrapper = DeferredGuardOptimWrapper(
            torch.optim.AdamW(model.parameters(), lr=.1, fused=True),
            clip_grad=dict(max_norm=1.))
        skipped = []
        for factor in (1., NAN, 1., INF):
            wrapper.update_params(model.weight.square().sum() * factor)
            skipped.append(wrapper.report and wrapper.report.skipped)
        assert skipped == [None, False, True, False]
        assert wrapper.last_report().skipped
        states.append(model.weight.detach().cpu())
    torch.testing.assert_close(*states)
