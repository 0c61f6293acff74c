"""Checkpoints that do not fit stop a run."""

import types

import pytest
import torch
from torch import nn

from mmdet_mal.engine.checkpoint import CheckpointError
from mmdet_mal.engine.hooks.strict_load import StrictLoadHook


@pytest.fixture
def runner():
    return types.SimpleNamespace(model=nn.Linear(2, 1), _load_from='x.pth')


@pytest.mark.parametrize('prefix', ['', 'module.'])
def test_a_fitting_checkpoint_passes(prefix, runner):
    state = {f'{prefix}{k}': v for k, v in runner.model.state_dict().items()}
    StrictLoadHook().after_load_checkpoint(runner, dict(state_dict=state))
    StrictLoadHook().after_load_checkpoint(runner, state)


def test_a_misfit_names_the_file_and_the_keys(runner):
    checkpoint = dict(state_dict=dict(weight=torch.ones(1, 2),
                                      other=torch.ones(1)))
    with pytest.raises(CheckpointError, match='x.pth') as caught:
        StrictLoadHook().after_load_checkpoint(runner, checkpoint)
    assert '1 missing: bias' in str(caught.value)
    assert '1 unexpected: other' in str(caught.value)


def test_patterns_allow_a_misfit(runner):
    hook = StrictLoadHook(allow_missing=['bias'], allow_unexpected=['oth*'])
    hook.after_load_checkpoint(
        runner, dict(weight=torch.ones(1, 2), other=torch.ones(1)))


def test_a_checkpoint_that_is_no_dict(runner):
    with pytest.raises(CheckpointError, match='holds a list'):
        StrictLoadHook().after_load_checkpoint(runner, [1])
