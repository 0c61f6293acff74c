"""Seeds that name the moment."""

import random

import numpy as np
import pytest
import torch

from mmdet_mal.utils.randomness import seed_process, seeded


def draw():
    return random.random(), np.random.rand(), torch.rand(1).item()


def test_a_moment_draws_the_same_numbers_again():
    seed_process(1, 7, 0, 3)
    first = draw()
    assert draw() != first
    seed_process(1, 7, 0, 3)
    assert draw() == first


@pytest.mark.parametrize('moment', [
    pytest.param((1, 7, 0, 4), id='next iteration'),
    pytest.param((1, 7, 1, 3), id='other rank'),
    pytest.param((1, 8, 0, 3), id='other seed'),
    pytest.param((0, 7, 0, 3), id='other stream'),
])
def test_other_moments_share_nothing(moment):
    seed_process(1, 7, 0, 3)
    first = draw()
    seed_process(*moment)
    assert all(a != b for a, b in zip(draw(), first, strict=True))


def test_a_block_leaves_the_generators_as_they_were():
    seed_process(5)
    draw()
    expected = draw()
    seed_process(5)
    draw()
    with seeded(1, 2):
        inside = draw()
    assert draw() == expected
    with seeded(1, 2):
        assert draw() == inside


def test_a_block_that_raises_leaves_them_too():
    seed_process(5)
    expected = draw()
    seed_process(5)
    with pytest.raises(KeyError), seeded(1):
        draw()
        raise KeyError
    assert draw() == expected


def test_consecutive_seeds_are_not_correlated():
    def first_of(i):
        with seeded(0, 0, 0, i):
            return draw()

    numbers = np.array([first_of(i) for i in range(2000)])
    assert np.abs(numbers.mean(axis=0) - 0.5).max() < 0.03
    neighbours = [np.corrcoef(c[:-1], c[1:])[0, 1] for c in numbers.T]
    assert np.abs(neighbours).max() < 0.08
