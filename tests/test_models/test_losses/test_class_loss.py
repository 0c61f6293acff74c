"""Class loss: known values, variants, precision, wrong settings."""
import math

import pytest
import torch

from mmdet_mal.models.heads.errors import DecoderError
from mmdet_mal.models.losses import ClassLoss


def log1p_exp(x):
    return math.log1p(math.exp(x))


@pytest.mark.parametrize('settings, logits, labels, expected', [
    (dict(), [[0., 0., 0., 0.]], [2], math.log(4)),
    (dict(loss_weight=.5), [[0., 0.]], [1], .5 * math.log(2)),
    (dict(), [[1., 0.], [0., 3.]], [0, 0],
     (log1p_exp(-1) + log1p_exp(3)) / 2),
    (dict(activation='sigmoid'), [[1., 2., -1.]], [0],
     log1p_exp(-1) + log1p_exp(2) + log1p_exp(-1)),
    (dict(activation='sigmoid'), [[1., 0.], [0., 0.]], [0, 1],
     (log1p_exp(-1) + 3 * math.log(2)) / 2),
    (dict(target='object', activation='sigmoid'), [[2.], [-1.]], [7, 3],
     (log1p_exp(-2) + log1p_exp(1)) / 2),
], ids=['softmax', 'weight', 'batch', 'sigmoid', 'sigmoid batch', 'object'])
def test_known_values(settings, logits, labels, expected):
    loss = ClassLoss(**settings)(torch.tensor(logits), torch.tensor(labels))
    assert loss.item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize('activation', ['softmax', 'sigmoid'])
def test_gradient(activation):
    torch.manual_seed(0)
    logits = torch.randn(3, 4, requires_grad=True)
    labels = torch.tensor([0, 3, 1])
    ClassLoss(activation=activation)(logits, labels).backward()
    prob = (logits.softmax(1) if activation == 'softmax' else
            logits.sigmoid()).detach()
    expected = (prob - torch.nn.functional.one_hot(labels, 4)) / 3
    torch.testing.assert_close(logits.grad, expected)


def test_half_precision_is_computed_in_fp32():
    with torch.autocast('cpu', dtype=torch.bfloat16):
        logits = torch.tensor([[8., 0., 1.]], dtype=torch.bfloat16)
        loss = ClassLoss()(logits, torch.tensor([0]))
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(
        math.log(1 + math.exp(-8) + math.exp(-7)), rel=1e-3)


def test_weight_rises_linearly():
    loss = ClassLoss(warmup_iters=4)
    assert [loss.weight_scale(i) for i in (0, 1, 3, 9)] == [.25, .5, 1., 1.]


def test_a_class_without_a_logit_is_refused_with_the_setting_to_make():
    with pytest.raises(DecoderError, match='class index 3.*num_classes=3'):
        ClassLoss()(torch.zeros(1, 3), torch.tensor([3]))


def test_object_takes_one_logit():
    loss = ClassLoss(target='object', activation='sigmoid')
    with pytest.raises(DecoderError, match='num_classes=1'):
        loss(torch.zeros(1, 2), torch.tensor([0]))


@pytest.mark.parametrize('wrong', [
    dict(target='image'), dict(activation='relu'), dict(target='object')],
    ids=str)
def test_wrong_switches_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ClassLoss(**wrong)
