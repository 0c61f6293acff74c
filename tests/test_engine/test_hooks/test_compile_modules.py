"""Compiled modules: same results, same names."""

import types
from unittest.mock import patch

import pytest
import torch
from mmengine.logging import MMLogger
from torch import nn

from mmdet_mal.engine.hooks import CompileHook
from mmdet_mal.registry import HOOKS
from mmdet_mal.utils.errors import UserError


@pytest.fixture
def model():
    torch.manual_seed(0)
    model = nn.Module()
    model.student = nn.Module()
    model.student.encoder = nn.Sequential(nn.Linear(4, 8), nn.GELU(),
                                          nn.Linear(8, 2))
    return model


def runner_of(model):
    return types.SimpleNamespace(model=model,
                                 logger=MMLogger.get_current_instance())


def test_outputs_gradients_and_names_stay(model):
    """By the backend that traces and differentiates but compiles nothing."""
    x, names = torch.randn(3, 4), list(model.state_dict())
    encoder = model.student.encoder
    expected = encoder(x)
    expected.sum().backward()
    gradients = [p.grad.clone() for p in encoder.parameters()]
    encoder.zero_grad()
    HOOKS.build(dict(
        type='mmdet_mal.CompileHook', modules=['student.encoder'],
        backend='aot_eager')).before_train(runner_of(model))
    torch._dynamo.reset()
    found = encoder(x)
    assert torch.equal(found, expected)
    found.sum().backward()
    for p, gradient in zip(encoder.parameters(), gradients, strict=True):
        assert torch.allclose(p.grad, gradient)
    assert list(model.state_dict()) == names
    assert encoder._compiled_call_impl is not None


def test_a_new_step_is_told_to_cuda_graphs_only(model):
    with patch('torch.compiler.cudagraph_mark_step_begin') as mark:
        CompileHook(mode='default').before_train_iter(runner_of(model), 0)
        mark.assert_not_called()
        CompileHook(mode='reduce-overhead').before_train_iter(
            runner_of(model), 0)
        mark.assert_called_once_with()


def test_a_module_that_is_not_there(model):
    with pytest.raises(UserError, match="no module 'teacher.encoder'"):
        CompileHook().before_train(runner_of(model))
