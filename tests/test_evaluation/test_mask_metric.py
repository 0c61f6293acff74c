import json
import math

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.evaluator import Evaluator
from mmengine.structures import InstanceData

from mmdet_mal.datasets.annotations import AnnotationError
from mmdet_mal.evaluation import MaskIoUMetric
from mmdet_mal.registry import METRICS
from mmdet_mal.structures.rle import encode_window

SIZE = (200, 200)


def rectangle(left, top, right, bottom):
    mask = np.ones((bottom - top, right - left), dtype=bool)
    return encode_window(mask, (left, top, right, bottom), SIZE)


def sample(ann_id, rle):
    instances = InstanceData(scores=torch.ones(1), masks=[rle])
    return DetDataSample(metainfo=dict(ann_id=ann_id), pred_instances=instances)


@pytest.fixture
def ann_file(tmp_path):
    """Boxes of 10, 40 and 100 px a side, and a crowd."""
    annotations = [
        dict(id=number, image_id=1, category_id=1, iscrowd=int(number == 4),
             bbox=[0, 0, side, side], segmentation=rectangle(0, 0, side, side))
        for number, side in ((1, 10), (2, 40), (3, 100), (4, 50))]
    path = tmp_path / 'human.json'
    path.write_text(json.dumps(dict(
        images=[dict(id=1, file_name='a.jpg', height=200, width=200)],
        annotations=annotations, categories=[dict(id=1, name='thing')])))
    return str(path)


def test_means_by_box_size(ann_file):
    evaluator = Evaluator(MaskIoUMetric(ann_file))
    evaluator.process([sample(1, rectangle(0, 0, 10, 10)),
                       sample(2, rectangle(0, 0, 40, 20))])
    evaluator.process([sample(3, rectangle(0, 0, 25, 100))])
    assert evaluator.evaluate(3) == {
        'mal/miou': pytest.approx((1 + .5 + .25) / 3),
        'mal/miou_ge32': pytest.approx((.5 + .25) / 2),
        'mal/miou_small': pytest.approx(1), 'mal/miou_medium': pytest.approx(.5),
        'mal/miou_large': pytest.approx(.25), 'mal/n': 3}


def test_a_data_set_of_few_chunks_does_not_cut_off_the_boxes(ann_file):
    evaluator = Evaluator(MaskIoUMetric(ann_file))
    evaluator.process([sample(1, rectangle(0, 0, 10, 10)),
                       sample(2, rectangle(0, 0, 40, 40))])
    assert evaluator.evaluate(size=1)['mal/n'] == 2


def test_a_box_that_a_padding_sampler_repeats_counts_once(ann_file):
    evaluator = Evaluator(MaskIoUMetric(ann_file))
    for _ in range(3):
        evaluator.process([sample(1, rectangle(0, 0, 10, 5))])
    evaluator.process([sample(2, rectangle(0, 0, 40, 40))])
    result = evaluator.evaluate(size=4)
    assert result['mal/n'] == 2
    assert result['mal/miou'] == pytest.approx(.75)


def test_crowds_and_boxes_not_predicted_are_not_scored(ann_file):
    evaluator = Evaluator(MaskIoUMetric(ann_file))
    evaluator.process([sample(4, rectangle(0, 0, 50, 50)),
                       sample(1, rectangle(0, 0, 10, 10))])
    result = evaluator.evaluate(size=2)
    assert result['mal/n'] == 1 and result['mal/miou'] == 1
    assert math.isnan(result['mal/miou_large'])


def test_a_chunk_without_boxes_is_no_error(ann_file):
    evaluator = Evaluator(MaskIoUMetric(ann_file))
    evaluator.process([])
    assert evaluator.evaluate(size=1)['mal/n'] == 0


def test_built_from_a_config(ann_file):
    metric = METRICS.build(
        dict(type='mmdet_mal.MaskIoUMetric', ann_file=ann_file, prefix='val'))
    assert isinstance(metric, MaskIoUMetric) and metric.prefix == 'val'


def test_mask_of_another_size_names_the_annotation(ann_file):
    mask = encode_window(np.ones((5, 5), bool), (0, 0, 5, 5), (100, 200))
    with pytest.raises(ValueError, match='annotation 1: .*same image'):
        Evaluator(MaskIoUMetric(ann_file)).process([sample(1, mask)])


def test_a_file_without_masks_is_refused(tmp_path):
    path = tmp_path / 'boxes.json'
    path.write_text(json.dumps(dict(
        images=[dict(id=1, file_name='a.jpg', height=9, width=9)],
        annotations=[dict(id=3, image_id=1, bbox=[0, 0, 2, 2])],
        categories=[])))
    with pytest.raises(AnnotationError, match='annotation 3 has no segm'):
        MaskIoUMetric(str(path))
