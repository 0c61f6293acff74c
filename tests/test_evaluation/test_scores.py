import numpy as np
import pytest

from mmdet_mal.evaluation.mask_iou import MaskIoUs
from mmdet_mal.evaluation.scores import (labeller_scores, paired_differences,
                                         share_curve)

DATA = dict(
    images=[dict(id=7, file_name='a.jpg'), dict(id=8, file_name='b.jpg')],
    categories=[dict(id=1, name='cat'), dict(id=2, name='dog'),
                dict(id=3, name='cat')])


def columns(ious, areas, categories, images):
    ious = np.array(ious, float)
    return MaskIoUs(
        ann_ids=np.arange(len(ious)) + 1, image_ids=np.array(images, int),
        category_ids=np.array(categories, int),
        box_areas=np.array(areas, float), ious=ious, boundary_ious=ious / 2,
        missing=np.zeros(len(ious), bool))


FOUR = columns([.2, .9, .7, .5], [100, 2000, 1024, 10000], [1, 1, 2, 3],
               [7, 7, 8, 8])


def test_sizes_by_hand():
    sizes = labeller_scores(FOUR, DATA)['sizes']
    assert sizes['all']['miou'] == pytest.approx(.575)
    assert sizes['all']['boundary_iou'] == pytest.approx(.2875)
    assert sizes['medium']['n'] == 2
    assert sizes['medium']['miou'] == pytest.approx(.8)
    assert sizes['all']['miou_low'] <= .575 <= sizes['all']['miou_high']


def test_classes_by_hand_most_boxes_first_and_twins_apart():
    classes = labeller_scores(FOUR, DATA)['classes']
    assert list(classes) == ['cat', 'dog', 'cat (3)']
    assert classes['cat'] == dict(n=2, miou=pytest.approx(.55),
                                  boundary_iou=pytest.approx(.275))


def test_curve_counts_masks_that_reach_a_threshold():
    curve = share_curve(np.array([.5, .7, .7 - 1e-12, .95]))
    share = dict(zip(curve['thresholds'], curve['share'], strict=True))
    assert share[.5] == 1 and share[.7] == .75 and share[.75] == .25
    assert share[.95] == .25
    assert curve['mean'] == pytest.approx(np.mean(curve['share']))


def test_histogram_counts_every_mask_once():
    histogram = labeller_scores(FOUR, DATA)['histogram']
    assert sum(histogram['counts']) == 4
    assert len(histogram['edges']) == len(histogram['counts']) + 1


def test_worst_masks_come_first_with_what_finds_them():
    worst = labeller_scores(FOUR, DATA, {1: .8}, worst=2)['worst']
    assert worst[0] == dict(
        annotation_id=1, image_id=7, file_name='a.jpg', category='cat',
        box_area=100., iou=.2, boundary_iou=.1, score=.8)
    assert worst[1]['annotation_id'] == 4 and worst[1]['score'] is None


@pytest.mark.parametrize('score', ['high', None, float('nan'), True, [1]])
def test_a_score_that_is_no_number_is_none(score):
    assert labeller_scores(FOUR, DATA, {1: score})['worst'][0]['score'] is None


def test_boxes_under_a_neighbour_are_apart_from_the_others():
    boxes = [[0, 0, 10, 10], [0, 0, 10, 20], [50, 50, 5, 5], [0, 0, 9, 9]]
    data = dict(DATA, annotations=[
        dict(id=i + 1, image_id=image, bbox=box)
        for i, (image, box) in enumerate(zip([7, 7, 8, 8], boxes, strict=True))])
    overlap = labeller_scores(FOUR, data)['overlap']
    # The second covers the first wholly, the first half of the second.
    assert {k: v['n'] for k, v in overlap.items()} == dict(
        apart=2, touched=0, covered=2)
    assert overlap['covered']['miou'] == pytest.approx(.55)
    assert overlap['apart']['miou'] == pytest.approx(.6)
    assert np.isnan(overlap['touched']['miou'])


def test_differences_are_paired_by_box_and_signed_for_the_main_one():
    worse = columns(FOUR.ious - .1, FOUR.box_areas, [1] * 4, [7, 7, 8, 8])
    found = paired_differences(dict(worse=worse, main=FOUR), 'main')
    assert list(found) == ['worse']
    # The same for each box: nothing varies, though the IoUs do.
    assert found['worse']['all'] == pytest.approx(
        dict(difference=.1, low=.1, high=.1))
    assert found['worse']['large']['difference'] == pytest.approx(.1)
    assert paired_differences(dict(main=FOUR), 'main') == {}


def test_no_boxes_give_nan_and_empty_lists():
    scores = labeller_scores(columns([], [], [], []), DATA)
    assert np.isnan(scores['sizes']['all']['miou'])
    assert np.isnan(scores['curve']['mean'])
    assert scores['classes'] == {} and scores['worst'] == []
