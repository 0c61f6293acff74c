"""Activations computed again: same losses, same gradients, less kept."""

import copy
import types

import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.runner.activation_checkpointing import \
    turn_on_activation_checkpointing
from torch import nn

from mmdet_mal.engine.hooks import ActivationCheckpointHook
from mmdet_mal.registry import HOOKS, MODELS
from mmdet_mal.utils.errors import UserError


def labeller(frozen_stages=-1):
    """The paths of a labeller: student.encoder.layers."""
    torch.manual_seed(0)
    network = nn.Module()
    network.encoder = MODELS.build(dict(
        type='mmpretrain.VisionTransformer', img_size=32, patch_size=16,
        out_type='featmap', frozen_stages=frozen_stages, drop_path_rate=.3,
        arch=dict(embed_dims=16, num_layers=3, num_heads=2,
                  feedforward_channels=32)))
    model = nn.Module()
    model.student = network
    return model.train()


def runner_of(model):
    return types.SimpleNamespace(model=model,
                                 logger=MMLogger.get_current_instance())


def run(model):
    """Loss, gradients and how many numbers the graph keeps."""
    kept = []
    torch.manual_seed(1)
    with torch.autograd.graph.saved_tensors_hooks(
            lambda t: kept.append(t.numel()) or t, lambda t: t):
        loss = model.student.encoder(torch.ones(2, 3, 32, 32))[0].square().sum()
    loss.backward()
    return loss, {n: p.grad for n, p in model.named_parameters()}, sum(kept)


@pytest.mark.parametrize('frozen_stages', [-1, 1])
def test_loss_and_gradients_stay_to_the_last_bit(frozen_stages):
    """With drop path: the random numbers are drawn again."""
    plain, thrifty = labeller(frozen_stages), labeller(frozen_stages)
    HOOKS.build(dict(type='mmdet_mal.ActivationCheckpointHook')).before_train(
        runner_of(thrifty))
    loss, gradients, kept = run(plain)
    thrifty_loss, thrifty_gradients, kept_less = run(thrifty)
    assert torch.equal(loss, thrifty_loss)
    assert gradients.keys() == thrifty_gradients.keys()
    for name, gradient in gradients.items():
        if gradient is None:
            assert thrifty_gradients[name] is None
        else:
            assert torch.equal(gradient, thrifty_gradients[name]), name
    assert kept_less < 0.7 * kept


def test_mmengines_own_loses_gradients_behind_frozen_blocks():
    """Why there is a hook of our own; if this fails it may go."""
    model = labeller(frozen_stages=1)
    for i in (1, 2):
        turn_on_activation_checkpointing(model, f'student.encoder.layers.{i}')
    with pytest.warns(UserWarning):
        loss = model.student.encoder(torch.ones(1, 3, 32, 32))[0].sum()
    loss.backward()
    block = model.student.encoder.layers[1]
    assert all(p.grad is None for p in block.parameters())


def test_weights_keep_their_names_and_a_second_call_does_nothing():
    model = labeller()
    names = list(model.state_dict())
    hook = ActivationCheckpointHook()
    hook.before_train(runner_of(model))
    forward = model.student.encoder.layers[0].forward
    hook.before_train(runner_of(model))
    assert model.student.encoder.layers[0].forward is forward
    assert list(model.state_dict()) == names


def test_one_module_by_its_name():
    model = labeller()
    plain = copy.deepcopy(model)
    ActivationCheckpointHook(['student.encoder']).before_train(runner_of(model))
    assert torch.equal(run(plain)[0], run(model)[0])


def test_a_module_that_is_not_there():
    with pytest.raises(UserError, match="no module 'student.trunk'.*student"):
        ActivationCheckpointHook(['student.trunk']).before_train(
            runner_of(labeller()))
