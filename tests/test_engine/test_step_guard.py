"""A step that is not finite changes nothing."""

import math
import sys
from pathlib import Path

import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.optim import AmpOptimWrapper, OptimWrapper

sys.path.insert(0, str(Path(__file__).parent))
from guarded_steps import CLIPPING, INF, NAN, assert_same, build_step, state

from mmdet_mal.engine.guarded_amp_optim_wrapper import GuardedAmpOptimWrapper
from mmdet_mal.engine.guarded_optim_wrapper import GuardedOptimWrapper


def build(kind=GuardedOptimWrapper, **kwargs):
    return build_step(kind, **kwargs)


@pytest.mark.parametrize('clip_grad', CLIPPING)
@pytest.mark.parametrize('counts', [1, 2])
def test_finite_steps_are_the_stock_wrappers(clip_grad, counts):
    states = []
    for kind in (OptimWrapper, GuardedOptimWrapper):
        model, wrapper = build(kind, clip_grad=clip_grad,
                               accumulative_counts=counts)
        for i in range(4):
            loss = model(torch.tensor([[i + 1., -2.]])).square().sum()
            wrapper.update_params(loss)
        states.append(state(model, wrapper))
    assert_same(*states)
    assert wrapper.report.finite and not wrapper.report.skipped


@pytest.mark.parametrize('clip_grad', CLIPPING)
@pytest.mark.parametrize('make_loss', [
    pytest.param(lambda w: w.sum() * NAN, id='NaN'),
    pytest.param(lambda w: w.sum() * INF, id='infinite'),
    pytest.param(lambda w: w.sum() + INF, id='infinite loss, finite gradient'),
    pytest.param(lambda w: (w - w.detach()).abs().sqrt().sum(),
                 id='finite loss, gradient NaN'),
    pytest.param(lambda w: (w * 1e38).sum() * 1e-38 + (w * 3e38)[0, 0] * 0.9 +
                 (w * 3e38)[0, 1] * 0.9, id='norm overflows'),
])
def test_other_steps_leave_everything_alone(make_loss, clip_grad):
    model, wrapper = build(clip_grad=clip_grad)
    wrapper.update_params(model.weight.square().sum())
    before = state(model, wrapper)
    wrapper.update_params(make_loss(model.weight))
    assert wrapper.report.skipped and not wrapper.report.finite
    assert_same(state(model, wrapper), before)
    assert model.weight.grad is None  # nothing is left for the next step
    wrapper.update_params(model.weight.square().sum())
    assert not wrapper.report.skipped


def test_one_bad_batch_of_those_accumulated_skips_the_step():
    model, wrapper = build(accumulative_counts=2)
    before = state(model, wrapper)
    wrapper.update_params(model.weight.sum() * NAN)
    assert wrapper.report is None
    wrapper.update_params(model.weight.sum())
    assert wrapper.report.skipped
    assert_same(state(model, wrapper), before)
    for _ in range(2):
        wrapper.update_params(model.weight.sum())
    assert not wrapper.report.skipped


def test_the_log_gets_finite_norms_only():
    MessageHub.get_instance('of this test')  # current from here on
    model, wrapper = build(clip_grad=dict(max_norm=1.))
    wrapper.update_params((model.weight * torch.tensor([3., 4.])).sum())
    wrapper.update_params(model.weight.sum() * NAN)
    history, _ = wrapper.message_hub.get_scalar('train/grad_norm').data
    assert history.tolist() == [5.]
    assert math.isnan(wrapper.report.grad_norm)


@pytest.fixture
def scaler_on_cpu(monkeypatch):
    """Let the AMP wrapper scale on the CPU, which it refuses of itself."""
    import mmengine.optim.optimizer.amp_optimizer_wrapper as stock
    monkeypatch.setattr(stock, 'is_cuda_available', lambda: True)
    monkeypatch.setattr(
        stock, 'GradScaler',
        lambda **kwargs: torch.amp.GradScaler('cpu', **kwargs))


DYNAMIC = dict(init_scale=4.)


@pytest.mark.parametrize('clip_grad', CLIPPING)
@pytest.mark.parametrize('scale', [1., DYNAMIC], ids=['static', 'dynamic'])
def test_amp_finite_steps_are_the_stock_wrappers(
        clip_grad, scale, scaler_on_cpu):
    states = []
    for kind in (AmpOptimWrapper, GuardedAmpOptimWrapper):
        model, wrapper = build(kind, clip_grad=clip_grad, loss_scale=scale)
        for i in range(3):
            loss = model(torch.tensor([[i + 1., -2.]])).square().sum()
            wrapper.update_params(loss)
        states.append(state(model, wrapper))
    assert_same(*states)


@pytest.mark.parametrize('scale, expected', [
    pytest.param(1., [True, True, True], id='fixed scale'),
    # 4 and 2 may have been too large; 1 is not.
    pytest.param(DYNAMIC, [False, False, True], id='dynamic scale'),
])
def test_amp_leaves_the_search_for_a_scale_to_the_scaler(
        scale, expected, scaler_on_cpu):
    model, wrapper = build(GuardedAmpOptimWrapper, loss_scale=scale)
    weight = model.weight.detach().clone()
    skipped = []
    for _ in range(3):  # a finite loss with a gradient of NaN
        w = model.weight
        wrapper.update_params((w - w.detach()).abs().sqrt().sum())
        skipped.append(wrapper.report.skipped)
        assert not wrapper.report.finite
    assert skipped == expected
    assert torch.equal(model.weight, weight)
    wrapper.update_params(model.weight.sum())
    assert wrapper.report.finite and not torch.equal(model.weight, weight)


def test_amp_never_blames_the_scale_for_the_loss(scaler_on_cpu):
    model, wrapper = build(GuardedAmpOptimWrapper, loss_scale=DYNAMIC)
    weight = model.weight.detach().clone()
    wrapper.update_params(model.weight.sum() + INF)
    assert wrapper.report.skipped
    assert torch.equal(model.weight, weight)
