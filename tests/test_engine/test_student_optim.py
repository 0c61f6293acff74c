"""Only what is trained reaches the optimizer."""
import pytest
import torch
from torch import nn

from mmdet_mal.registry import OPTIM_WRAPPER_CONSTRUCTORS


class Labeller(nn.Module):

    def __init__(self):
        super().__init__()
        self.student, self.teacher = nn.Module(), nn.Module()
        for network in (self.student, self.teacher):
            network.encoder = nn.Linear(2, 2)
            network.decoder = nn.Linear(2, 1)
        self.student.encoder.bias.requires_grad_(False)


def build(model, **paramwise_cfg):
    constructor = OPTIM_WRAPPER_CONSTRUCTORS.build(
        dict(type='mmdet_mal.StudentOptimWrapperConstructor',
             optim_wrapper_cfg=dict(type='OptimWrapper',
                                    optimizer=dict(type='SGD', lr=.1)),
             paramwise_cfg=paramwise_cfg))
    return constructor(model)


def test_frozen_and_teacher_parameters_stay_out():
    model = Labeller()
    groups = build(model, encoder_lr_mult=.5).optimizer.param_groups
    assert [g['lr'] for g in groups] == [.05, .1]
    assert groups[0]['params'] == [model.student.encoder.weight]
    assert groups[1]['params'] == list(model.student.decoder.parameters())


def test_an_encoder_that_is_wholly_frozen_makes_no_group():
    model = Labeller()
    model.student.encoder.requires_grad_(False)
    groups, = build(model).optimizer.param_groups
    assert len(groups['params']) == 2


def test_a_step_moves_the_student_only():
    model = Labeller()
    wrapper = build(model)
    before = [p.clone() for p in model.teacher.parameters()]
    loss = model.student.decoder(model.student.encoder(torch.ones(1, 2)))
    wrapper.update_params(loss.sum())
    assert all(map(torch.equal, before, model.teacher.parameters()))


def test_unknown_options_are_refused():
    with pytest.raises(ValueError, match='custom_keys'):
        build(Labeller(), custom_keys={})
