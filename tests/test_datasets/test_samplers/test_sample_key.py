"""An index that knows its epoch."""

import copy
import pickle

import pytest

from mmdet_mal.datasets.samplers import SampleKey


def test_it_is_used_like_the_index():
    key = SampleKey(2, epoch=5, seed=7)
    assert key == 2 and 'abc'[key] == 'c' and range(10)[key] == 2
    assert repr(key) == 'SampleKey(2, epoch=5, seed=7)'


@pytest.mark.parametrize('copied', [
    pytest.param(lambda k: pickle.loads(pickle.dumps(k)), id='to a worker'),
    pytest.param(copy.deepcopy, id='deepcopy'),
])
def test_it_keeps_what_it_knows(copied):
    key = copied(SampleKey(2, epoch=5, seed=7))
    assert (type(key), int(key), key.epoch, key.seed) == (SampleKey, 2, 5, 7)
