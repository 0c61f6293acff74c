"""The handle on other samples: who gets it, and what it costs to copy."""
import copy

import pytest
from mmcv.transforms import BaseTransform, RandomApply
from mmengine.dataset import Compose

from mmdet_mal.datasets import BoxInstanceDataset
from mmdet_mal.datasets.other_boxes import OTHER_BOXES, OtherBoxes, wants_other_boxes


class Plain(BaseTransform):

    def transform(self, results):
        return results


class Asks(Plain):
    takes_other_boxes = True


class Named(Plain):
    transforms = 'what another transform may keep under this name'


@pytest.mark.parametrize('pipeline, expected', [
    pytest.param([], False, id='nothing'),
    pytest.param([Plain(), Named()], False, id='nobody'),
    pytest.param([Plain(), Asks()], True, id='one'),
    pytest.param([RandomApply([Plain(), Asks()], prob=.5)], True, id='within'),
    pytest.param([RandomApply([RandomApply([Asks()])])], True, id='deep within'),
    pytest.param([RandomApply([Plain()])], False, id='nobody within')])
def test_who_asks(pipeline, expected):
    assert wants_other_boxes(Compose(pipeline)) is expected


@pytest.fixture
def arguments(folder, data, annotation):
    return folder.write(data([annotation(5), annotation(6, 2), annotation(7, 3)]))


@pytest.mark.parametrize('kind', [Plain, Asks])
def test_only_a_pipeline_that_asks_gets_the_handle(arguments, kind):
    dataset = BoxInstanceDataset(**arguments, min_area=0, pipeline=[kind()])
    sample = dataset[1]
    assert (OTHER_BOXES in sample) == (kind is Asks)
    sample.pop(OTHER_BOXES, None)
    assert set(sample) == set(dataset.get_data_info(1))


def test_a_pipeline_that_is_switched_later_is_asked_anew(arguments):
    dataset = BoxInstanceDataset(**arguments, min_area=0, pipeline=[Plain()])
    dataset.pipeline = Compose([Asks()])
    assert OTHER_BOXES in dataset[0]


def test_it_tells_the_samples_of_the_set_or_subset(arguments):
    dataset = BoxInstanceDataset(**arguments, min_area=0, pipeline=[Asks()])
    others = dataset[0][OTHER_BOXES]
    assert [others.info(i)['ann_id'] for i in range(len(others))] == [5, 6, 7]
    others = dataset.get_subset([2, 1])[0][OTHER_BOXES]
    assert [others.info(i)['ann_id'] for i in range(len(others))] == [7, 6]


def test_branches_copy_the_handle_and_not_the_data(arguments):
    dataset = BoxInstanceDataset(**arguments, min_area=0)
    handle = OtherBoxes(dataset)
    assert copy.deepcopy(dict(a=handle))['a'] is handle
