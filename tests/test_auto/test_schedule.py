"""How long is trained, as a table worked out by hand."""

import math

import pytest

from mmdet_mal.auto.presets import PRESETS
from mmdet_mal.auto.schedule import Speed, in_words, plan_schedule
from mmdet_mal.utils.errors import UserError

SMALL, INSTANT = PRESETS['small'], PRESETS['instant']
# A second a step, a tenth a box, ten to start.
SPEED = Speed(1., .1, 10.)


@pytest.mark.parametrize('trainable, minutes, epochs, steps', [
    # 1350 steps are wanted, between 4 and 60 epochs.
    pytest.param(1188, None, 18, 18 * 75, id="the recipe's own data"),
    pytest.param(16, None, 60, 60, id='one step an epoch: at most 60'),
    pytest.param(1, None, 60, 60, id='one box'),
    pytest.param(160_000, None, 4, 40_000, id='many boxes: at least 4'),
    # 600 s - 10 - 118.8 to label - 10 = 461 s: 6 epochs of 75 s.
    pytest.param(1188, 10, 6, 450, id='ten minutes'),
    pytest.param(1188, 1000, 18, 1350, id='more time than wanted'),
])
def test_epochs(trainable, minutes, epochs, steps):
    boxes = 1188 if trainable == 1188 else trainable
    schedule = plan_schedule(SMALL, trainable, boxes, 16, SPEED, minutes)
    assert (schedule.epochs, schedule.steps) == (epochs, steps)
    assert schedule.train_seconds == pytest.approx(10 + steps)
    assert schedule.label_seconds == pytest.approx(10 + .1 * boxes)
    assert bool(schedule.reason) == (minutes == 10)
    if minutes:
        assert schedule.train_seconds + schedule.label_seconds <= minutes * 60


def test_too_little_time_means_no_training_unless_it_was_asked_for():
    # 240 - 10 - 10 - 10 = 210 steps of 300.
    assert plan_schedule(SMALL, 1188, 0, 16, SPEED, 4).epochs == 0
    reason = plan_schedule(SMALL, 1188, 0, 16, SPEED, 4).reason
    assert '--minutes 4' in reason and '150' in reason and '300' in reason
    assert plan_schedule(SMALL, 1188, 0, 16, SPEED, 4, wished=True).epochs == 2


def test_a_wish_for_which_no_epoch_fits_says_how_long_it_takes():
    # 75 s an epoch and 20 s to start: 95 s, 2 minutes.
    with pytest.raises(UserError, match=r'--minutes 1: .* --minutes 2, or'):
        plan_schedule(SMALL, 1188, 0, 16, SPEED, 1, wished=True)
    assert plan_schedule(SMALL, 1188, 0, 16, SPEED, 2, wished=True).epochs == 1


def test_minutes_that_do_not_even_suffice_to_label():
    assert plan_schedule(SMALL, 1188, 10**6, 16, SPEED, 1).epochs == 0
    with pytest.raises(UserError, match='1669'):  # 100 095 s
        plan_schedule(SMALL, 1188, 10**6, 16, SPEED, 1, wished=True)


def test_nothing_is_trained_without_training():
    schedule = plan_schedule(INSTANT, 1188, 50, 0, Speed(0., .1, 10.), 1)
    assert (schedule.epochs, schedule.train_seconds) == (0, 0)
    assert schedule.label_seconds == 15


@pytest.mark.parametrize('step, checkpoint_steps', [(.01, 6000), (2., 30),
                                                    (60., 10)])
def test_a_checkpoint_a_minute(step, checkpoint_steps):
    schedule = plan_schedule(SMALL, 1188, 1, 16, Speed(step, .1, 1.))
    assert schedule.checkpoint_steps == checkpoint_steps


@pytest.mark.parametrize('seconds, words', [
    (0., '1 s'), (.4, '1 s'), (40, '40 s'), (99.4, '99 s'), (100, '2 minutes'),
    (720, '12 minutes'), (12_600, '3.5 hours'), (math.pi * 86400, '75.4 hours')])
def test_in_words(seconds, words):
    assert in_words(seconds) == words
