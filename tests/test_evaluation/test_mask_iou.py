import json

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from mmdet_mal.datasets.annotations import AnnotationError
from mmdet_mal.evaluation.mask_iou import (human_rles, mask_ious, rle_iou,
                                           summarise, summarise_arrays)
from mmdet_mal.structures.rle import encode_window


def rectangle(left, top, right, bottom, size=(20, 30)):
    """RLE of a filled rectangle in an image of ``size``."""
    mask = np.ones((bottom - top, right - left), dtype=bool)
    return encode_window(mask, (left, top, right, bottom), size)


def coco(*annotations, size=(20, 30)):
    return dict(
        images=[dict(id=7, file_name='a.jpg', height=size[0], width=size[1])],
        annotations=list(annotations), categories=[dict(id=1, name='thing')])


def annotation(ann_id, segmentation, **more):
    return dict(dict(id=ann_id, image_id=7, category_id=1, iscrowd=0,
                     bbox=[0, 0, 10, 10], segmentation=segmentation), **more)


def test_iou_of_overlapping_rectangles_by_hand():
    human = coco(annotation(1, rectangle(0, 0, 10, 10)))
    pred = coco(annotation(1, rectangle(5, 0, 15, 10)))
    columns = mask_ious(pred, human)
    assert columns.ious == pytest.approx([50 / 150])
    assert columns.box_areas.tolist() == [100]
    assert not columns.missing.any()


@pytest.mark.parametrize('form', ['polygon', 'rle list', 'rle str'])
def test_every_form_of_human_mask_is_read(form):
    rle = rectangle(2, 3, 12, 13)
    if form == 'polygon':
        segmentation = [[2, 3, 12, 3, 12, 13, 2, 13]]
    elif form == 'rle list':
        dense = coco_mask.decode(rle).reshape(-1, order='F')
        changes = np.flatnonzero(np.diff(dense)) + 1
        counts = np.diff(np.concatenate([[0], changes, [dense.size]])).tolist()
        segmentation = dict(size=[20, 30], counts=counts)
    else:
        segmentation = rle
    columns = mask_ious(coco(annotation(1, rle)),
                        coco(annotation(1, segmentation)))
    assert columns.ious == pytest.approx([1.])


def test_annotations_are_matched_by_id_not_by_order():
    first, second = rectangle(0, 0, 5, 5), rectangle(10, 10, 20, 20)
    human = coco(annotation(1, first), annotation(2, second))
    pred = coco(annotation(2, second), annotation(1, first))
    columns = mask_ious(pred, human)
    assert columns.ann_ids.tolist() == [1, 2]
    assert columns.ious.tolist() == [1, 1]


@pytest.mark.parametrize('pred', [
    pytest.param([], id='no annotation'),
    pytest.param([dict(id=1, image_id=7, category_id=1, bbox=[0, 0, 1, 1])],
                 id='no segmentation'),
    pytest.param([annotation(1, [])], id='empty segmentation'),
])
def test_missing_prediction_counts_as_zero_and_is_reported(pred):
    columns = mask_ious(coco(*pred), coco(annotation(1, rectangle(0, 0, 5, 5))))
    assert columns.ious.tolist() == [0]
    assert columns.missing.tolist() == [True]


def test_masks_of_other_boxes_are_refused_and_not_scored_zero():
    one, two, three = (annotation(i, rectangle(0, 0, 5, 5)) for i in (1, 2, 3))
    with pytest.raises(AnnotationError, match='no annotation id in common'):
        mask_ious(coco(two, three), coco(one))
    assert mask_ious(coco(one, three), coco(one, two)).missing.tolist() == [
        False, True]


def test_crowds_are_left_out():
    rle = rectangle(0, 0, 5, 5)
    human = coco(annotation(1, rle), annotation(2, rle, iscrowd=1))
    assert mask_ious(human, human).ann_ids.tolist() == [1]


def test_no_annotations_give_empty_columns():
    columns = mask_ious(coco(), coco())
    assert len(columns) == 0
    assert np.isnan(summarise(columns)['all']['miou'])


def test_files_are_read(tmp_path):
    path = tmp_path / 'a.json'
    path.write_text(json.dumps(coco(annotation(1, rectangle(0, 0, 5, 5)))))
    assert mask_ious(str(path), path).ious.tolist() == [1]


def test_summary_ranges_are_half_open():
    areas = np.array([32**2 - 1, 32**2, 96**2 - 1, 96**2], dtype=float)
    summary = summarise_arrays(np.array([.1, .2, .4, .8]), areas)
    assert summary['small'] == dict(miou=pytest.approx(.1), n=1)
    assert summary['medium'] == dict(miou=pytest.approx(.3), n=2)
    assert summary['large'] == dict(miou=pytest.approx(.8), n=1)
    assert summary['ge32'] == dict(miou=pytest.approx(1.4 / 3), n=3)
    assert summary['all'] == dict(miou=pytest.approx(1.5 / 4), n=4)


def test_summary_of_an_empty_range_is_nan():
    summary = summarise_arrays(np.array([.5]), np.array([10.]))
    assert np.isnan(summary['large']['miou']) and summary['large']['n'] == 0


@pytest.mark.parametrize('human,message', [
    pytest.param(coco(dict(id=5, image_id=7, bbox=[0, 0, 1, 1])),
                 'annotation 5 has no segmentation', id='boxes only'),
    pytest.param(coco(annotation(5, rectangle(0, 0, 5, 5), image_id=8)),
                 'annotation 5 names image 8', id='unknown image'),
    pytest.param(dict(coco(annotation(5, rectangle(0, 0, 5, 5))),
                      images=[dict(id=7, file_name='a.jpg')]),
                 'annotation 5 names image 7', id='image without size'),
    pytest.param(coco(dict(image_id=7, bbox=[0, 0, 1, 1])),
                 'has no id', id='no id'),
    pytest.param(coco(*[annotation(5, rectangle(0, 0, 5, 5))] * 2),
                 'id 5 is there twice', id='duplicate id'),
    pytest.param(coco(annotation(5, rectangle(0, 0, 5, 5, size=(30, 20)))),
                 'annotation 5.*size', id='swapped size'),
])
def test_bad_human_annotations_name_the_annotation(human, message):
    with pytest.raises(AnnotationError, match=message):
        human_rles(human)


@pytest.mark.parametrize('bbox', [None, [1, 2, 3], ['a', 0, 1, 1]])
def test_a_human_annotation_without_a_box_is_named(bbox):
    human = coco(annotation(5, rectangle(0, 0, 5, 5), bbox=bbox))
    with pytest.raises(AnnotationError, match='annotation 5 has no box'):
        mask_ious(human, human)


def test_bad_prediction_names_the_annotation():
    human = coco(annotation(5, rectangle(0, 0, 5, 5)))
    twice = coco(*[annotation(5, rectangle(0, 0, 5, 5))] * 2)
    with pytest.raises(AnnotationError, match='id 5 twice'):
        mask_ious(twice, human)
    swapped = coco(annotation(5, rectangle(0, 0, 5, 5, size=(30, 20))))
    with pytest.raises(AnnotationError, match='annotation 5.*size'):
        mask_ious(swapped, human)


@pytest.mark.parametrize('counts', ['$$$', '~~~~', 'é', 'P' * 40])
def test_run_lengths_that_cannot_be_read_name_file_and_annotation(tmp_path, counts):
    human = coco(annotation(5, rectangle(0, 0, 5, 5)))
    broken = coco(annotation(5, dict(size=[20, 30], counts=counts)))
    for name, data in (('human.json', human), ('broken.json', broken)):
        (tmp_path / name).write_text(json.dumps(data))
    files = str(tmp_path / 'broken.json'), str(tmp_path / 'human.json')
    for pair in (files, files[::-1]):
        with pytest.raises(AnnotationError,
                           match='broken.json: annotation 5: RLE') as error:
            mask_ious(*pair)
        assert str(error.value).count('.json') == 1


def test_iou_of_masks_of_different_images_is_refused():
    with pytest.raises(ValueError, match='same image'):
        rle_iou(rectangle(0, 0, 5, 5), rectangle(0, 0, 5, 5, size=(40, 30)))


def test_missing_file_is_one_line():
    with pytest.raises(AnnotationError, match='not found'):
        mask_ious('nowhere.json', coco())
