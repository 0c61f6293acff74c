"""A tiny model and its wrapper; used by test_step_guard and test_deferred_guard."""

import copy
import math

import pytest
import torch
from torch import nn

NAN, INF = math.nan, math.inf
CLIPPING = [
    pytest.param(None, id='no clipping'),
    pytest.param(dict(max_norm=0.5), id='by norm'),
    pytest.param(dict(type='value', clip_value=0.1), id='by value'),
]


def build_step(kind, fused=False, **kwargs):
    """A model of two numbers with a wrapper around AdamW."""
    torch.manual_seed(0)
    model = nn.Linear(2, 1, bias=False)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, fused=fused)
    return model, kind(optimizer=optimizer, **copy.deepcopy(kwargs))


def state(model, wrapper):
    return copy.deepcopy((model.state_dict(), wrapper.state_dict()))


def assert_same(one, other):
    torch.testing.assert_close(one, other, rtol=0, atol=0)
