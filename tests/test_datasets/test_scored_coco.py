"""Scores reach gt_instances through stock pipelines, each with its own mask."""

import json

import cv2
import numpy as np
import pytest

from mmdet_mal.datasets.transforms.scored_annotations import (join_scores,
                                                              split_scores)
from mmdet_mal.registry import DATASETS
from mmdet_mal.utils.errors import UserError

CROP = [dict(type='mmdet.RandomCrop', crop_size=(60, 80), allow_negative_crop=True),
        dict(type='mmdet.FilterAnnotations', min_gt_bbox_wh=(1, 1), by_mask=True),
        dict(type='mmdet.RandomFlip', prob=.5)]


@pytest.fixture
def build(tmp_path):
    """A data set of one image; each box is 10 + its id wide, scores as given."""

    def make(scores, steps=(), pack='mmdet.PackDetInputs', **more):
        annotations = []
        for i, score in enumerate(scores):
            x, y, w, h = 4 + 14 * i, 10 + 9 * i, 10 + i, 8
            mask = np.zeros((120, 160), np.uint8)
            mask[y:y + h, x:x + w] = 1
            flat = mask.T.reshape(-1)
            edges = np.flatnonzero(np.diff(np.r_[0, flat, 0])).tolist()
            counts = np.diff([0, *edges, flat.size]).tolist()
            annotations.append(dict(
                id=i + 1, image_id=1, category_id=1, iscrowd=0, area=w * h,
                bbox=[x, y, w, h],
                segmentation=dict(size=[120, 160], counts=counts),
                **({} if score is None else {'score': score}),
                **more))
        cv2.imwrite(str(tmp_path / '1.png'), np.zeros((120, 160, 3), np.uint8))
        path = tmp_path / 'masks.json'
        path.write_text(json.dumps(dict(
            images=[dict(id=1, file_name='1.png', height=120, width=160)],
            annotations=annotations, categories=[dict(id=1, name='cat')])))
        return DATASETS.build(dict(
            type='mmdet_mal.ScoredCocoDataset', ann_file=str(path),
            data_prefix=dict(img=str(tmp_path)), metainfo=dict(classes=('cat', )),
            pipeline=[dict(type='LoadImageFromFile'),
                      dict(type='mmdet.LoadAnnotations', with_bbox=True,
                           with_mask=True), *steps, dict(type=pack)]))

    return make


def gt(dataset):
    return dataset[0]['data_samples'].gt_instances


def test_scores_arrive_and_labels_are_plain(build):
    found = gt(build([.25, 1, 0, .12345]))
    assert np.allclose(found.scores.numpy(), [.25, 1, 0, .12345], atol=1e-6)
    assert found.labels.tolist() == [0, 0, 0, 0]


def test_a_mask_without_a_score_is_trusted(build):
    assert gt(build([None, .5])).scores.tolist() == [1., .5]


def test_scores_follow_their_masks_through_crops(build):
    """The width of a mask says which one it is."""
    scores = np.linspace(.1, .9, 9)
    dataset, lost = build(scores, CROP), 0
    for seed in range(10):
        np.random.seed(seed)
        found = gt(dataset)
        lost += 9 - len(found.scores)
        for mask, score in zip(found.masks.masks, found.scores, strict=True):
            # Whole masks alone: the border of the crop cuts others.
            if not (mask[:, 0].any() or mask[:, -1].any()
                    or mask[0].any() or mask[-1].any()):
                width = int(mask.any(axis=0).sum())
                assert score == pytest.approx(scores[width - 10], abs=1e-6)
    assert lost


def test_stock_drops_what_it_drops_and_scores_stay_aligned(build):
    found = gt(build([.1, .2, .3], ignore=0))
    assert np.allclose(found.scores.numpy(), [.1, .2, .3])
    assert len(gt(build([.1], ignore=1)).scores) == 0


@pytest.mark.parametrize('score', [1.5, -.1, float('nan'), 'good', True, [1]])
def test_a_score_that_is_none_names_file_and_annotation(build, score):
    with pytest.raises(UserError, match=r'masks.json: annotation 1 has the score'):
        build([score])


def test_a_pipeline_without_loading_is_refused(build):
    with pytest.raises(UserError, match='no PackDetInputs'):
        build([.5], pack='mmdet.FilterAnnotations')


def test_sizes_in_a_pipeline_stay_what_they_are(build):
    scales = [(80, 60), (40, 30)]
    dataset = build([.3, .6], [
        dict(type='mmdet.RandomChoiceResize', scales=scales,
             resize_type='mmdet.Resize')])
    assert np.allclose(gt(dataset).scores.numpy(), [.3, .6])
    assert dataset.pipeline.transforms[2].scales == scales


def test_joined_scores_come_apart_again():
    labels = np.array([0, 5, 1202, 2**31])
    scores = np.array([1., .5, 0., .99999])
    found, back = split_scores(join_scores(labels, scores))
    assert found.tolist() == labels.tolist()
    assert np.allclose(back, scores, atol=1e-6)
    assert join_scores(labels, np.ones(4)).tolist() == labels.tolist()
