"""The stock order, from any point on."""

import pytest
from mmengine.dataset import DefaultSampler
from mmengine.dist import get_dist_info
from mmengine.registry import DATA_SAMPLERS

import mmengine.dataset.sampler as stock
from mmdet_mal.datasets.samplers import ResumableSampler, SampleKey

DATA = list(range(11))


@pytest.mark.parametrize('shuffle', [True, False])
@pytest.mark.parametrize('epoch', [0, 3])
def test_the_order_is_the_stock_one(shuffle, epoch):
    sampler, expected = (cls(DATA, shuffle, seed=5)
                         for cls in (ResumableSampler, DefaultSampler))
    sampler.set_epoch(epoch)
    expected.set_epoch(epoch)
    keys = list(sampler)
    assert keys == list(expected)
    assert all(type(k) is SampleKey and k.epoch == epoch and k.seed == 5
               for k in keys)


@pytest.mark.parametrize('start', [0, 1, 10, 11, 99])
def test_it_starts_anywhere_and_keeps_its_length(start):
    sampler = ResumableSampler(DATA, seed=5)
    whole = list(sampler)
    sampler.start_at(start)
    assert list(sampler) == whole[start:]
    assert len(sampler) == 11


def test_ranks_take_turns_from_any_start(monkeypatch):
    whole = list(ResumableSampler(DATA, seed=5))
    rest = []
    for rank in range(2):
        monkeypatch.setattr(stock, 'get_dist_info', lambda rank=rank: (rank, 2))
        sampler = ResumableSampler(DATA, seed=5)
        sampler.start_at(4)
        rest.append(list(sampler))
    assert get_dist_info() == (0, 1)
    # Twelve turns for eleven samples: the first is repeated.
    assert [k for turn in zip(*rest, strict=True) for k in turn] == [
        *whole[8:], whole[0]]


def test_a_negative_start_is_refused():
    with pytest.raises(ValueError, match='got -1'):
        ResumableSampler(DATA, seed=5).start_at(-1)


def test_configs_find_it():
    sampler = DATA_SAMPLERS.build(
        dict(type='mmdet_mal.ResumableSampler', dataset=DATA, seed=1))
    assert isinstance(sampler, ResumableSampler)
