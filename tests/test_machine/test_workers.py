"""Workers of the data loader."""

import pytest
import torch

from mmdet_mal.machine import cores
from mmdet_mal.machine.workers import choose_workers, with_workers


@pytest.mark.parametrize('device, count, ranks, workers', [
    ('cpu', 2, 1, 1), ('cpu', 64, 1, 1), ('cuda', 16, 1, 15),
    ('cuda', 64, 8, 7), ('cuda', 4, 8, 1), ('cuda', 1, 1, 1),
    ('cuda', 128, 1, 16)])
def test_by_the_cores(device, count, ranks, workers):
    assert choose_workers(device, count, ranks) == workers


def test_auto_becomes_a_number_and_the_config_stays(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(cores, 'usable_cores', lambda: 10)
    monkeypatch.setattr(cores, 'local_ranks', lambda: 2)
    loader = dict(num_workers='auto', persistent_workers=True, batch_size=4)
    assert with_workers(loader) == dict(
        num_workers=4, persistent_workers=True, batch_size=4)
    assert loader['num_workers'] == 'auto'


def test_a_number_is_taken_as_it_is():
    loader = dict(num_workers=3, persistent_workers=True)
    assert with_workers(loader) == loader


def test_no_workers_cannot_persist():
    loader = with_workers(dict(num_workers=0, persistent_workers=True))
    assert loader == dict(num_workers=0, persistent_workers=False)
