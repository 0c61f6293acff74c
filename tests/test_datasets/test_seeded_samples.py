"""A sample of an epoch is the same, whoever reads it."""

import pickle
import random

import numpy as np
import pytest
import torch
from mmengine.dataset import Compose
from torch.utils.data import DataLoader, Dataset

from mmdet_mal.datasets.samplers import ResumableSampler, SampleKey
from mmdet_mal.datasets.seeded_samples import SeededSamples


class Chance(Dataset):
    """Samples of nothing but chance."""

    metainfo = dict(classes=('thing', ))

    def __init__(self):
        self.pipeline = Compose([])

    def __len__(self):
        return 7

    def __getitem__(self, index):
        return (int(index), random.random(), np.random.rand(),
                torch.rand(1).item())


def read(workers, epoch=0, seed=3):
    data = SeededSamples(Chance())
    sampler = ResumableSampler(data, seed=seed)
    sampler.set_epoch(epoch)
    loader = DataLoader(data, 2, sampler=sampler, num_workers=workers,
                        collate_fn=list)
    return [sample for batch in loader for sample in batch]


@pytest.mark.parametrize('workers', [1, 2])
def test_workers_do_not_matter(workers):
    assert read(workers) == read(0)


def test_seed_and_epoch_do():
    drawn = {s for e in (0, 1) for seed in (3, 4) for s in read(0, e, seed)}
    assert len(drawn) == 28
    assert len({numpy for _, _, numpy, _ in drawn}) == 28


def test_the_process_draws_on_as_before():
    data = SeededSamples(Chance())
    torch.manual_seed(0)
    expected = torch.rand(2)
    torch.manual_seed(0)
    first = torch.rand(1)
    data[SampleKey(2, 0, 0)]
    assert torch.equal(torch.cat([first, torch.rand(1)]), expected)


def test_a_plain_index_is_not_seeded():
    data = SeededSamples(Chance())
    assert data[1] != data[1]
    assert data[SampleKey(1, 0, 0)] == data[SampleKey(1, 0, 0)]


def test_it_passes_for_the_data_set():
    data = pickle.loads(pickle.dumps(SeededSamples(Chance())))
    assert len(data) == 7 and data.metainfo['classes'] == ('thing', )
    data.pipeline = switched = Compose([])
    assert data.dataset.pipeline is switched
    with pytest.raises(AttributeError, match='full_init'):
        data.full_init()


def test_it_builds_the_data_set_of_a_config():
    data = SeededSamples(dict(type=Chance))
    assert isinstance(data.dataset, Chance)
