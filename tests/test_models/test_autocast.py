"""bf16 autocast: the network in bf16, losses and mean field in fp32.

Forced here on any processor; which one gets it by itself, docs/performance.md
says.
"""
import copy
import functools

import pytest
import torch

from mmdet_mal.models import instant_labeler
from mmdet_mal.models.losses import crf_loss
from mmdet_mal.registry import MODELS

from .test_mask_auto_labeler import SIZE, batch, config, sample

bf16 = functools.partial(torch.autocast, 'cpu', dtype=torch.bfloat16)
fp32 = functools.partial(torch.autocast, 'cpu', enabled=False)


def labeller(**kwargs):
    torch.manual_seed(0)
    cfg = config(
        grouping_loss=dict(type='mmdet_mal.TokenGroupingLoss', fade_iters=10),
        flip=True, refine='mean_field', **kwargs)
    cfg['network']['encoder'].update(
        frozen_stages=1, out_indices=(0, 1), final_norm=False)
    cfg['network']['decoder'].update(in_channels=[32, 32])
    model = MODELS.build(cfg)
    model.init_weights()
    return model


@pytest.fixture
def mean_field_inputs(monkeypatch):
    """Types of what the mean fields are given and give."""
    seen = []
    for module in (crf_loss, instant_labeler):
        original = module.crf_marginals

        def spy(prob, image, *args, original=original, **kwargs):
            out = original(prob, image, *args, **kwargs)
            seen.extend([prob.dtype, image.dtype, out.dtype])
            return out

        monkeypatch.setattr(module, 'crf_marginals', spy)
    return seen


def test_losses_are_fp32_and_gradients_point_the_same_way(mean_field_inputs):
    model = labeller().train()
    data = model.data_preprocessor(copy.deepcopy(batch(4)), True)
    found = {}
    for name, context in (('bf16', bf16), ('fp32', fp32)):
        model.zero_grad()
        with context():
            losses = model(**copy.deepcopy(data), mode='loss')
            total, _ = model.parse_losses(losses)
        total.backward()
        assert {loss.dtype for key, loss in losses.items()} == {torch.float32}
        gradient = torch.cat([p.grad.flatten() for p in model.parameters()
                              if p.grad is not None])
        assert gradient.dtype == torch.float32 and gradient.isfinite().all()
        found[name] = total.item(), gradient
    assert found['bf16'][0] == pytest.approx(found['fp32'][0], rel=.02)
    assert torch.cosine_similarity(found['bf16'][1], found['fp32'][1], 0) > .95
    # Not equal, or autocast was not there at all.
    assert found['bf16'][0] != found['fp32'][0]
    assert set(mean_field_inputs) == {torch.float32}


def test_a_teacher_follows_in_fp32():
    model = labeller().train()
    data = model.data_preprocessor(copy.deepcopy(batch(2)), True)
    with bf16():
        model(**data, mode='loss')
    assert {p.dtype for p in model.parameters()} == {torch.float32}


def maps_agree(model, crops):
    maps = {}
    for name, context in (('bf16', bf16), ('fp32', fp32)):
        with context():
            maps[name] = model.infer_maps(crops, [sample() for _ in crops])
        assert maps[name].prob.dtype == torch.float32
        assert (maps[name].prob >= 0).all() and (maps[name].prob <= 1).all()
        assert all(0 <= v.min() and v.max() <= 1 and v.isfinite().all()
                   for v in maps[name].parts.values())
    one, other = (maps[name].prob > .5 for name in ('bf16', 'fp32'))
    return (one == other).float().mean().item()


def test_trained_labels_are_nearly_those_of_fp32(mean_field_inputs):
    torch.manual_seed(2)
    assert maps_agree(labeller().eval(), torch.randn(4, 3, SIZE, SIZE)) > .97
    assert set(mean_field_inputs) == {torch.float32}


def test_instant_labels_are_nearly_those_of_fp32(mean_field_inputs):
    torch.manual_seed(0)
    encoder = config()['network']['encoder']
    model = MODELS.build(dict(
        type='mmdet_mal.InstantLabeler', encoder=encoder, mean_field={})).eval()
    crops = torch.randn(4, 3, SIZE, SIZE)
    crops[..., 16:40, 12:48] += 2.  # an object in the box
    assert maps_agree(model, crops) > .97
    assert set(mean_field_inputs) == {torch.float32}
