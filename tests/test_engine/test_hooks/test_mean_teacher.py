"""The teacher's start: a copy, unless the model asks for its own weights."""
import copy
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from mmdet_mal.registry import HOOKS


class Pair(nn.Module):
    """A student of ones beside a teacher of zeros."""

    def __init__(self, **kwargs):
        super().__init__()
        self.student, self.teacher = nn.Linear(2, 1), nn.Linear(2, 1)
        for network, value in ((self.student, 1.), (self.teacher, 0.)):
            for parameter in network.parameters():
                nn.init.constant_(parameter, value)
        vars(self).update(kwargs)


def start(model, hook='mmdet_mal.MeanTeacherHook', iteration=0):
    hook = HOOKS.build(dict(type=hook, momentum=.25, skip_buffer=False))
    hook.before_train(SimpleNamespace(model=model, iter=iteration))
    return hook, model.teacher.weight.tolist()[0]


@pytest.mark.parametrize('settings', [{}, dict(teacher_start='copy')], ids=str)
def test_the_teacher_starts_as_a_copy(settings):
    assert start(Pair(**settings))[1] == [1, 1]


def test_a_teacher_of_its_own_is_left_alone_where_the_stock_hook_copies():
    model = Pair(teacher_start='random')
    assert start(copy.deepcopy(model), 'mmdet.MeanTeacherHook')[1] == [1, 1]
    hook, weights = start(model)
    assert weights == [0, 0]
    hook.after_train_iter(SimpleNamespace(model=model, iter=0), 0)
    assert model.teacher.weight.tolist() == [[.25, .25]]


@pytest.mark.parametrize('settings', [{}, dict(teacher_start='random')], ids=str)
def test_a_resumed_teacher_is_left_alone(settings):
    assert start(Pair(**settings), iteration=7)[1] == [0, 0]


def test_the_model_may_be_wrapped():
    model = Pair(teacher_start='random')
    hook = HOOKS.build(dict(type='mmdet_mal.MeanTeacherHook', momentum=.25))
    hook.before_train(SimpleNamespace(model=nn.DataParallel(model), iter=0))
    assert torch.equal(model.teacher.weight, torch.zeros(1, 2))
