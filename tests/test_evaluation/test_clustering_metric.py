"""The clustering score as a metric, in MMEngine's evaluator."""

import json

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator

from mmdet_mal.datasets.annotations import AnnotationError
from mmdet_mal.evaluation.clustering import clustering_score, one_centre_score
from mmdet_mal.evaluation.clustering_metric import ClusteringScoreMetric


@pytest.fixture
def human(tmp_path):
    """An image of 8 x 8 px, its left half one object; and a crowd region."""
    left = [[0, 0, 4, 0, 4, 8, 0, 8]]
    data = dict(
        images=[dict(id=1, file_name='a.png', height=8, width=8)],
        categories=[dict(id=1, name='thing')],
        annotations=[
            dict(id=5, image_id=1, category_id=1, bbox=[0, 0, 4, 8], area=32,
                 iscrowd=0, segmentation=left),
            dict(id=6, image_id=1, category_id=1, bbox=[0, 0, 8, 8], area=64,
                 iscrowd=0, segmentation=[[0, 0, 8, 0, 8, 8, 0, 8]]),
            dict(id=7, image_id=1, category_id=1, bbox=[0, 0, 8, 8], area=64,
                 iscrowd=1, segmentation=dict(size=[8, 8], counts=[0, 64]))])
    path = tmp_path / 'human.json'
    path.write_text(json.dumps(data))
    return str(path)


def sample(ann_id, *tokens, window=(0, 0, 8, 8), valid=(0, 0, 16, 16)):
    return dict(ann_id=ann_id, tokens=tokens, img_shape=(16, 16),
                crop_window=np.array(window), valid_bbox=np.array(valid))


def test_scores_are_those_of_the_mask_in_the_crop(human):
    tokens = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    metric = ClusteringScoreMetric(human, names=['a', 'b'])
    evaluator = Evaluator(metric)
    evaluator.process(data_samples=[sample(5, *tokens)])
    found = evaluator.evaluate(1)
    inside = torch.zeros(2, 4, 4, dtype=torch.bool)
    inside[:, :, :2] = True
    for name, score, one in zip('ab', clustering_score(tokens, inside),
                                one_centre_score(tokens, inside), strict=True):
        assert found[f'cluster/score_{name}'] == pytest.approx(score.item())
        assert found[f'cluster/one_centre_{name}'] == pytest.approx(one.item())
    assert found['cluster/n'] == 1 and found['cluster/n_left_out'] == 0


def test_window_moves_the_mask_and_padding_is_left_out(human):
    # The window begins 8 px left of the image: the crop's right half shows the
    # image's left half ... and only the image counts.
    tokens = torch.randn(1, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    metric = ClusteringScoreMetric(human)
    metric.process(None, [sample(5, *tokens, window=(-8, 0, 8, 8),
                                 valid=(8, 0, 16, 16))])
    valid, inside = torch.zeros(2, 1, 4, 4, dtype=torch.bool)
    valid[..., 2:] = True
    inside[..., 2] = True
    expected = clustering_score(tokens, inside, valid).item()
    assert metric.evaluate(1)['cluster/score_0'] == pytest.approx(expected)


def test_mask_that_covers_all_tokens_is_counted_as_left_out(human):
    tokens = torch.randn(1, 3, 4, 4)
    metric = ClusteringScoreMetric(human)
    metric.process(None, [sample(5, *tokens), sample(6, *tokens)])
    found = metric.evaluate(2)
    assert (found['cluster/n'], found['cluster/n_left_out']) == (1, 1)


def test_crowds_are_passed_over_and_repeated_boxes_count_once(human):
    tokens = torch.randn(1, 3, 4, 4)
    metric = ClusteringScoreMetric(human)
    metric.process(None, [sample(7, *tokens), sample(5, *tokens)])
    metric.process(None, [sample(5, *tokens)])
    assert metric.evaluate(1)['cluster/n'] == 1


def test_nothing_to_score(human):
    assert ClusteringScoreMetric(human).compute_metrics([]) == dict(
        n=0, n_left_out=0)


def test_boxes_without_masks_are_refused(human, tmp_path):
    data = json.loads(open(human).read())
    del data['annotations'][0]['segmentation']
    path = tmp_path / 'boxes.json'
    path.write_text(json.dumps(data))
    with pytest.raises(AnnotationError, match='annotation 5 has no segmentation'):
        ClusteringScoreMetric(str(path))
