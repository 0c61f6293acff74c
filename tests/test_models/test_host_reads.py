"""A training step must not make the host wait for the device.

On the 'meta' device tensors have shapes and no values: whatever reads a value
(item, nonzero, a mask as an index, a copy to the host) fails there.  A step that
passes waits for no GPU either.
"""
import contextlib
import copy

import pytest
import torch

from mmdet_mal.engine.guarded_optim_wrapper import GuardedOptimWrapper
from mmdet_mal.models.losses import crf_loss
from mmdet_mal.models.token_grouping import group_tokens
from mmdet_mal.registry import HOOKS, MODELS
from mmdet_mal.utils.host_reads import reads_are_free

from .test_mask_auto_labeler import batch, config

# Areas of all three routes of the decoder.
AREAS = (500., 5000., 50000.)


def labeller(**kwargs):
    torch.manual_seed(0)
    cfg = config(
        grouping_loss=dict(type='mmdet_mal.TokenGroupingLoss', fade_iters=10),
        **kwargs)
    cfg['network']['encoder'].update(
        frozen_stages=1, out_indices=(0, 1), final_norm=False)
    cfg['network']['decoder'].update(in_channels=[32, 32])
    return MODELS.build(cfg).train()


def data():
    crops = batch(len(AREAS))
    for samples in crops['data_samples'].values():
        for sample, area in zip(samples, AREAS, strict=True):
            sample.set_metainfo(dict(box_area=area))
    return crops


@pytest.fixture
def no_mean_field(monkeypatch):
    """Its loop is fused on a GPU (docs/mean_field.md), where no test runs."""
    monkeypatch.setattr(crf_loss, 'crf_marginals',
                        lambda unary, *args: unary.float())


def test_losses_and_gradients_read_nothing(no_mean_field, monkeypatch):
    # 'meta' knows no autocast, which the losses switch off.
    monkeypatch.setattr(torch, 'autocast',
                        lambda *args, **kwargs: contextlib.nullcontext())
    model = labeller(pairwise_loss=dict(type='mmdet_mal.PairwiseLoss'),
                     loss_scales=(1, 2)).to('meta')
    prepared = model.data_preprocessor(copy.deepcopy(data()), True)
    assert prepared['inputs']['student'].device.type == 'meta'
    losses = model(**prepared, mode='loss')
    assert {'loss_mil', 'loss_crf', 'loss_pairwise', 'loss_grouping'} <= set(losses)
    total, _ = model.parse_losses(losses)
    total.backward()
    assert all(p.grad is not None for p in model.student.decoder.parameters())


def test_the_teacher_follows_without_a_look():
    model = labeller().to('meta')
    hook = HOOKS.build(dict(type='mmdet_mal.MeanTeacherHook', momentum=.1))
    hook.momentum_update(model, hook.momentum)


def test_a_look_at_a_value_would_be_noticed():
    with pytest.raises((RuntimeError, NotImplementedError)):
        torch.ones(3, device='meta').any().item()
    with pytest.raises((RuntimeError, NotImplementedError)):
        torch.ones(3, device='meta').nonzero()
    assert not reads_are_free(torch.ones(1, device='meta'))
    assert reads_are_free(torch.ones(1))


def test_the_guard_reads_loss_and_norm_at_once(monkeypatch):
    model = torch.nn.Linear(2, 1)
    wrapper = GuardedOptimWrapper(
        optimizer=torch.optim.AdamW(model.parameters(), 1e-3),
        clip_grad=dict(max_norm=1.))
    reads = []
    for name in ('tolist', 'item', '__bool__', '__float__', 'cpu', 'numpy'):
        original = getattr(torch.Tensor, name)

        def spy(self, *args, original=original, name=name, **kwargs):
            reads.append(name)
            return original(self, *args, **kwargs)

        monkeypatch.setattr(torch.Tensor, name, spy)
    loss = model(torch.ones(3, 2)).square().mean()
    # AdamW reads its step counts, which lie on the host.
    monkeypatch.setattr(wrapper.optimizer, 'step', lambda **kwargs: None)
    wrapper.update_params(loss)
    assert reads == ['tolist']


def test_grouping_that_does_not_look_finds_the_same(monkeypatch):
    torch.manual_seed(0)
    tokens = torch.randn(3, 16, 8, 8)
    tokens[:, 0, 2:5, 2:5] += 3.
    box = torch.zeros(3, 8, 8, dtype=torch.bool)
    box[:, 1:6, 1:6] = True
    looking = group_tokens(tokens, box, torch.ones_like(box),
                           solver='iterative')
    monkeypatch.setattr('mmdet_mal.models.token_grouping.reads_are_free',
                        lambda x: False)
    blind = group_tokens(tokens, box, torch.ones_like(box))
    torch.testing.assert_close(looking, blind, rtol=0, atol=0)
