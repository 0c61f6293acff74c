"""Predictions against runs that were measured whole (docs/benchmarks.md)."""

import dataclasses

import pytest

from mmdet_mal.cost.data_sets import DataSize
from mmdet_mal.cost.predict import labelling_cost, training_cost
from mmdet_mal.cost.profile import shipped_profiles

# coco_mini: 1188 boxes of more than 400 px² of 1474 train; 562 dev boxes.
TRAIN = DataSize('coco_mini train', 159, 1474, 1188 / 1474, .281, 'counted')
DEV = DataSize('coco_mini dev', 60, 562, .8, .281, 'counted')


@pytest.fixture(scope='module')
def profiles():
    return shipped_profiles()


def test_training_on_one_core(profiles):
    # The first three epochs of the shipped checkpoint: 9.5 minutes of one core.
    cost = training_cost(profiles['epyc-zen3_small'], TRAIN, 1, cores=1, epochs=3)
    assert cost.hours * 60 == pytest.approx(9.5, rel=.2)


def test_training_on_two_cores_lies_between_one_and_two(profiles):
    # 40.5 minutes in all: one core for 9.5 minutes, then two, not always free.
    profile = profiles['epyc-zen3_small']
    one = training_cost(profile, TRAIN, 1, cores=1).hours * 60
    assert one / 2 < 40.5 < one


def test_labelling_with_the_trained_network(profiles):
    # 562 dev boxes in 60 s of one thread, crops of 320 px.
    cost = labelling_cost(profiles['epyc-zen3_small'], DEV, 1, cores=1)
    assert cost.boxes_per_second == pytest.approx(562 / 60, rel=.15)


def test_labelling_without_training(profiles):
    # The same boxes, .062 s of processor time each without the imports.
    cost = labelling_cost(profiles['epyc-zen3_instant'], DEV, 1, cores=1)
    assert 1 / cost.boxes_per_second == pytest.approx(.062, rel=.2)


def test_a_slower_profile_fails_these_comparisons(profiles):
    slow = dataclasses.replace(profiles['epyc-zen3_small'], train_seconds=.3)
    cost = training_cost(slow, TRAIN, 1, cores=1, epochs=3)
    assert cost.hours * 60 != pytest.approx(9.5, rel=.2)
