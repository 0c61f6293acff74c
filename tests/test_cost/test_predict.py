"""Hours and memory by hand."""

import dataclasses

import pytest

from mmdet_mal.cost.data_sets import DataSize
from mmdet_mal.cost.predict import (STARTUP_SECONDS, disk_bytes, index_bytes,
                                    labelling_cost, training_cost)
from mmdet_mal.cost.profile import Profile

# A million boxes, half of them trained on, ten on each image of one megapixel.
DATA = DataSize('x', 100_000, 1_000_000, .5, 1., 'a test')
GPU = Profile('G', 'gpu', 'c', 'measured', 'a test', train_seconds=.01,
              label_seconds=.002, decode_seconds=.02, train_load_seconds=.03,
              label_load_seconds=.004, epochs=10)
CPU = dataclasses.replace(GPU, kind='cpu', train_seconds=.1, label_seconds=.1)


def hours(seconds):
    return pytest.approx((seconds + STARTUP_SECONDS) / 3600)


def test_the_gpu_rules_where_the_loader_keeps_up():
    cost = training_cost(GPU, DATA, 1, cores=8)  # loads in .05 / 8 s
    assert cost.hours == hours(5e6 * .01) and cost.bound == 'device'
    assert cost.cores_needed == pytest.approx(5)
    assert cost.boxes_per_second == pytest.approx(100)


def test_the_loader_rules_where_it_does_not():
    cost = training_cost(GPU, DATA, 1, cores=2)
    assert cost.hours == hours(5e6 * .025) and cost.bound == 'loader'


def test_devices_share_the_boxes_each_with_its_cores():
    assert training_cost(GPU, DATA, 8, 8).hours == hours(5e6 * .01 / 8)
    assert training_cost(GPU, DATA, 1, 8, epochs=1).hours == hours(5e5 * .01)


def test_an_image_is_decoded_once_for_all_boxes_to_label():
    # .002 s of decoding and .004 of cropping a box, on one core.
    cost = labelling_cost(GPU, DATA, 1, cores=1)
    assert cost.cores_needed == pytest.approx(3)
    assert cost.bound == 'loader'
    # Doctor, columns and merge: 31 + 17 + 110 µs a box.
    assert cost.hours == hours(1e6 * .006 + 158)


def test_many_devices_wait_for_the_one_process_that_merges():
    cost = labelling_cost(GPU, DATA, 64, cores=8)
    assert cost.bound == 'one process'
    assert cost.hours == hours(1e6 * .002 / 64 + 158)


def test_a_processor_that_computes_on_all_cores_also_loads_on_them():
    alone = training_cost(CPU, DATA, 1, cores=1)
    assert alone.hours == hours(5e6 * (.1 + .05))
    beside = training_cost(CPU, DATA, 1, cores=2)
    assert beside.hours == hours(5e6 * .1) and beside.bound == 'device'


@pytest.mark.parametrize('devices', [0, 65, -1])
def test_too_many_devices(devices):
    with pytest.raises(ValueError, match='1 to 64'):
        training_cost(GPU, DATA, devices, 8)


def test_more_devices_never_take_longer():
    costs = [labelling_cost(GPU, DATA, n, 4).hours for n in range(1, 65)]
    assert costs == sorted(costs, reverse=True)


def test_memory_and_disk():
    # docs/memory.md: a million boxes in 137,000 images take 35.4 MiB.
    data = dataclasses.replace(DATA, images=137_000)
    assert index_bytes(data) / 2**20 == pytest.approx(35.4, rel=.01)
    assert disk_bytes(DATA) == dict(boxes=162e6, shards=356e6, masks=507e6)
