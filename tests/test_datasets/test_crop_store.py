"""Crops in shared memory."""

import multiprocessing
import pickle

import numpy as np
import pytest

from mmdet_mal.datasets.crop_store import CropStore
from mmdet_mal.datasets.samplers import SampleKey

SIZE = (4, 5)
WINDOW = np.array([1, 2, 30, 40])


def crop(value):
    return np.full((*SIZE, 3), value, np.uint8)


def test_a_crop_is_there_for_its_sample_epoch_and_seed_alone():
    store = CropStore(np.array([2, 1, 3]), SIZE)
    assert store.get(SampleKey(1, 0, 0), WINDOW) is None
    store.put(SampleKey(1, 0, 7), WINDOW, crop(9))
    assert (store.get(SampleKey(1, 0, 7), WINDOW) == 9).all()
    assert store.has(SampleKey(1, 0, 7))
    for other in (SampleKey(0, 0, 7), SampleKey(2, 0, 7), SampleKey(1, 1, 7),
                  SampleKey(1, 0, 8)):
        assert store.get(other, WINDOW) is None and not store.has(other)


def test_places_hold_so_many_epochs():
    store = CropStore(np.array([1, 3]), SIZE)
    assert [store.places(0), store.places(1)] == [1, 3]
    for epoch in range(4):
        store.put(SampleKey(1, epoch, 0), WINDOW, crop(epoch))
    assert store.get(SampleKey(1, 0, 0), WINDOW) is None  # the fourth took its place
    assert [int(store.get(SampleKey(1, e, 0), WINDOW)[0, 0, 0]) for e in (1, 2, 3)] == [
        1, 2, 3]


def test_who_gets_a_crop_may_change_it():
    store = CropStore(np.array([1]), SIZE)
    store.put(SampleKey(0, 0, 0), WINDOW, crop(1))
    store.get(SampleKey(0, 0, 0), WINDOW)[:] = 5
    assert (store.get(SampleKey(0, 0, 0), WINDOW) == 1).all()


def test_large_seeds_and_epochs_do_not_meet():
    store = CropStore(np.array([1]), SIZE)
    store.put(SampleKey(0, 2**20 - 2, 2**32 - 1), WINDOW, crop(3))
    assert not store.has(SampleKey(0, 0, 0))
    assert store.has(SampleKey(0, 2**20 - 2, 2**32 - 1))


def test_a_forked_process_stores_for_all():
    store = CropStore(np.array([1, 1]), SIZE)
    process = multiprocessing.get_context('fork').Process(
        target=store.put, args=(SampleKey(1, 0, 0), WINDOW, crop(6)))
    process.start()
    process.join()
    assert (store.get(SampleKey(1, 0, 0), WINDOW) == 6).all()


def test_a_pickled_store_is_empty_and_of_the_same_size():
    store = CropStore(np.array([2, 1]), SIZE)
    store.put(SampleKey(0, 0, 0), WINDOW, crop(6))
    other = pickle.loads(pickle.dumps(store))
    assert not other.has(SampleKey(0, 0, 0)) and other.places(0) == 2
    other.put(SampleKey(0, 0, 0), WINDOW, crop(7))
    assert (store.get(SampleKey(0, 0, 0), WINDOW) == 6).all()


def test_memory_is_known_before():
    assert CropStore.bytes_of(np.array([2, 3]), SIZE) == 5 * (4 * 5 * 3 + 40)


def test_a_crop_of_another_window_is_not_given():
    store = CropStore(np.array([1]), SIZE)
    store.put(SampleKey(0, 0, 0), WINDOW, crop(3))
    assert store.get(SampleKey(0, 0, 0), WINDOW + [0, 0, 1, 0]) is None
    assert store.get(SampleKey(0, 0, 0), WINDOW.tolist()) is not None


@pytest.mark.parametrize('other', [
    np.zeros((*SIZE, 3), np.uint16), np.zeros(SIZE, np.uint8),
    np.zeros((5, 4, 3), np.uint8)])
def test_what_does_not_fit_is_not_kept(other):
    store = CropStore(np.array([1]), SIZE)
    store.put(SampleKey(0, 0, 0), WINDOW, other)
    assert not store.has(SampleKey(0, 0, 0))
