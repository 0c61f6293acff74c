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


class Deep(nn.Module):
    """Frozen and trained weights, a float and an integer buffer."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.student = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
        self.student[0].bias.requires_grad_(False)
        self.teacher = copy.deepcopy(self.student).requires_grad_(False)


def moved(hook_type, steps=20, **kwargs):
    model = Deep()
    hook = HOOKS.build(dict(type=hook_type, momentum=.1, **kwargs))
    runner = SimpleNamespace(model=model, iter=0)
    hook.before_train(runner)
    for step in range(steps):
        with torch.no_grad():
            torch.manual_seed(step)
            for parameter in model.student.parameters():
                if parameter.requires_grad:
                    parameter.add_(torch.randn_like(parameter))
        model.student[1].running_mean += 1
        hook.after_train_iter(runner, 0)
    return model, hook


@pytest.mark.parametrize('skip_buffer', [True, False])
def test_it_moves_as_the_stock_hook_does(skip_buffer):
    ours, stock = (moved(kind, skip_buffer=skip_buffer)[0].teacher.state_dict()
                   for kind in ('mmdet_mal.MeanTeacherHook',
                                'mmdet.MeanTeacherHook'))
    for key in stock:
        torch.testing.assert_close(ours[key], stock[key], rtol=1e-6, atol=1e-6)
    assert (ours['1.running_mean'] != 0).all() == (not skip_buffer)


def test_frozen_weights_that_are_equal_are_left_out_and_stay_equal():
    model, hook = moved('mmdet_mal.MeanTeacherHook', skip_buffer=False)
    frozen = model.teacher[0].bias
    assert torch.equal(frozen, model.student[0].bias)
    assert all(t.data_ptr() != frozen.data_ptr() for t in hook._pairs[0])
    # weight, two of the norm, its running mean and variance
    assert len(hook._pairs[0]) == 5


def test_frozen_weights_that_differ_still_follow():
    model = Deep()
    with torch.no_grad():
        model.teacher[0].bias.fill_(9.)
    hook = HOOKS.build(dict(type='mmdet_mal.MeanTeacherHook', momentum=.5))
    hook.before_train(SimpleNamespace(model=model, iter=3))
    hook.momentum_update(model, .5)
    torch.testing.assert_close(model.teacher[0].bias,
                               (9. + model.student[0].bias) / 2)


def test_the_momentum_falls_from_1_to_its_floor():
    hook = HOOKS.build(dict(type='mmdet_mal.MeanTeacherHook', momentum=.1, gamma=2.))
    assert [hook.momentum_at(i) for i in (0, 1, 2, 6)] == [1, 2 / 3, .5, .25]
    # gamma (1 / momentum - 1) = 18
    assert hook.momentum_at(17) > .1 == hook.momentum_at(18) == hook.momentum_at(999)


def test_without_gamma_the_momentum_stays():
    hook = HOOKS.build(dict(type='mmdet_mal.MeanTeacherHook', momentum=.1))
    assert [hook.momentum_at(i) for i in (0, 5, 10**6)] == [.1] * 3


def follow(students, start=0, teacher=0., **kwargs):
    """The teacher's weight after the students from iteration ``start`` on."""
    model = Pair()
    nn.init.constant_(model.teacher.weight, teacher)
    hook = HOOKS.build(dict(type='mmdet_mal.MeanTeacherHook', **kwargs))
    hook.before_train(SimpleNamespace(model=model, iter=start))
    for number, value in enumerate(students):
        nn.init.constant_(model.student.weight, value)
        hook.after_train_iter(SimpleNamespace(model=model, iter=start + number), 0)
    return model.teacher.weight[0, 0].item()


STUDENTS = [3., -1., 4., 1., 5., 9., -2., 6.]


def test_gamma_1_is_the_plain_mean_of_all_students():
    """After step 0 a copy, then weights 1 / 2, 1 / 3, …: the plain mean."""
    assert follow(STUDENTS, momentum=.01, gamma=1.) == pytest.approx(
        sum(STUDENTS) / len(STUDENTS))


@pytest.mark.parametrize('gamma', [1, 3])
def test_it_is_mmengines_annealing_average(gamma):
    from mmengine.model import MomentumAnnealingEMA
    student = nn.Linear(1, 1)
    average = MomentumAnnealingEMA(student, momentum=.3, gamma=gamma)
    for value in STUDENTS:
        nn.init.constant_(student.weight, value)
        average.update_parameters(student)
    assert follow(STUDENTS, momentum=.3, gamma=gamma) == pytest.approx(
        average.module.weight.item())


def test_a_resumed_run_has_the_momentum_of_its_iteration():
    middle = follow(STUDENTS[:3], momentum=.01, gamma=2.)
    assert follow(STUDENTS[3:], start=3, teacher=middle, momentum=.01,
                  gamma=2.) == follow(STUDENTS, momentum=.01, gamma=2.)


def test_the_interval_is_kept():
    found = follow(STUDENTS[:4], momentum=.5, interval=2)
    # A copy of ones at the start, then every second student counts half.
    assert found == pytest.approx(((1 + -1.) / 2 + 1.) / 2)


@pytest.mark.parametrize('gamma', [0., -1., float('inf'), float('nan')])
def test_a_wrong_gamma_is_refused(gamma):
    with pytest.raises(ValueError, match='gamma'):
        HOOKS.build(dict(type='mmdet_mal.MeanTeacherHook', gamma=gamma))


def test_gamma_and_a_start_of_its_own_do_not_go_together():
    hook = HOOKS.build(dict(type='mmdet_mal.MeanTeacherHook', gamma=1.))
    model = Pair(teacher_start='random')
    with pytest.raises(ValueError, match='teacher_start'):
        hook.before_train(SimpleNamespace(model=model, iter=0))
