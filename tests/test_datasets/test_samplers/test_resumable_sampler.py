"""The stock order, from any point on."""

from itertools import groupby
from types import SimpleNamespace

import numpy as np
import pytest
from mmengine.dataset import DefaultSampler
from mmengine.dist import get_dist_info
from mmengine.registry import DATA_SAMPLERS

import mmengine.dataset.sampler as stock
from mmdet_mal.datasets.samplers import ResumableSampler, SampleKey
from mmdet_mal.datasets.samplers.resumable_sampler import group_order
from mmdet_mal.utils.setting_error import SettingError

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


class _Boxes:
    """Samples that know their image."""

    def __init__(self, images):
        self.columns = SimpleNamespace(image_index=np.array(images))

    def __len__(self):
        return len(self.columns.image_index)


IMAGES = [0, 0, 1, 2, 2, 2, 2, 2, 3, 0, 1]


@pytest.mark.parametrize('together, expected', [
    (1, [0, 1, 2, 3, 4, 5, 6]),
    (2, [0, 2, 1, 4, 3, 6, 5]),
    (3, [0, 2, 5, 1, 4, 3, 6]),
])
def test_groups_stand_where_their_first_member_stood(together, expected):
    groups = np.array([7, 1, 7, 2, 1, 7, 2])
    assert group_order(groups, together).tolist() == expected
    assert group_order(groups[:0], together).tolist() == []


@pytest.mark.parametrize('shuffle', [True, False])
def test_boxes_of_an_image_follow_each_other(shuffle):
    data = _Boxes(IMAGES)
    sampler = ResumableSampler(data, shuffle, seed=5, together=3)
    orders = []
    for epoch in range(3):
        sampler.set_epoch(epoch)
        orders.append(list(sampler))
        assert sorted(orders[-1]) == DATA
        images = [IMAGES[k] for k in orders[-1]]
        runs = [len(list(run)) for _, run in groupby(images)]
        assert max(runs) >= 3 and sum(runs) == 11
        # Five boxes of image 2 are a run of three and one of two.
        assert len(runs) <= len(set(IMAGES)) + 1
        assert all(type(k) is SampleKey and k.epoch == epoch for k in orders[-1])
    assert (len(set(map(tuple, orders))) > 1) == shuffle
    sampler.start_at(4)
    assert list(sampler) == orders[-1][4:]


@pytest.mark.parametrize('round_up', [True, False])
@pytest.mark.parametrize('ranks', [1, 2, 3, 4])
def test_ranks_share_the_groups(monkeypatch, ranks, round_up):
    pieces = []
    for rank in range(ranks):
        monkeypatch.setattr(stock, 'get_dist_info', lambda rank=rank: (rank, ranks))
        sampler = ResumableSampler(_Boxes(IMAGES), seed=5, round_up=round_up,
                                   together=2)
        pieces.append(list(sampler))
        assert len(pieces[-1]) == len(sampler)
    together = [key for piece in pieces for key in piece]
    assert set(together) == set(DATA)
    assert len(together) == (-(-11 // ranks) * ranks if round_up else 11)


@pytest.mark.parametrize('together', [1, 2])
def test_ranks_of_equal_settings_have_had_the_same_samples(monkeypatch, together):
    had, settings = [], []
    for ranks in (1, 2, 4):
        samples = []
        for rank in range(ranks):
            monkeypatch.setattr(stock, 'get_dist_info',
                                lambda rank=rank, ranks=ranks: (rank, ranks))
            sampler = ResumableSampler(_Boxes(IMAGES), seed=5, together=together)
            samples += list(sampler)[:4 // ranks]
        had.append(sorted(samples))
        settings.append(sampler.order_settings)
    one = had[0] == had[1] == had[2]
    assert one == (settings[0] == settings[1] == settings[2]) == (together == 1)


@pytest.mark.parametrize('together', [0, 2.5])
def test_less_than_one_box_together_or_a_part_is_refused(together):
    with pytest.raises(SettingError, match=f'at least 1, got {together}'):
        ResumableSampler(DATA, together=together)


@pytest.mark.parametrize('number', [22, 5])
def test_a_wrapper_that_numbers_samples_anew_is_refused(number):
    class Wrapper:
        dataset = _Boxes(IMAGES)

        def __len__(self):
            return number

    with pytest.raises(SettingError, match='a wrapper repeats them'):
        ResumableSampler(Wrapper(), together=2)


def test_a_data_set_without_images_is_refused():
    with pytest.raises(SettingError, match='list does not tell the images'):
        ResumableSampler(DATA, together=2)
