"""Components of the quality score, by hand."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmdet.structures import DetDataSample

from mmdet_mal.models.map_parts import box_region, map_parts


def parts(prob, region=None, threshold=.5, refined=None, valid=None, **pairs):
    prob = torch.tensor([prob])
    region = torch.ones_like(prob, dtype=bool) if region is None else (
        torch.tensor([region], dtype=bool))
    pairs = {name: tuple(torch.tensor([view]) for view in views)
             for name, views in pairs.items()}
    refined = None if refined is None else torch.tensor([refined])
    valid = None if valid is None else torch.tensor([valid], dtype=bool)
    found = map_parts(prob, region, threshold, pairs, refined, valid)
    return {name: values.item() for name, values in found.items()}


def test_components_by_hand():
    found = parts([[.9, .6], [.4, 0.]])
    assert found['raw_mask_score'] == pytest.approx(math.sqrt(.75))
    # Above .3 are three cells, above .7 is one of them.
    assert found['stability'] == pytest.approx(1 / 3)
    assert found['sharpness'] == pytest.approx((.8 + .2 + .2 + 1) / 4)
    bits = [-(p * math.log2(p) + (1 - p) * math.log2(1 - p)) for p in (.9, .6, .4)]
    assert found['entropy'] == pytest.approx(sum(bits) / 4)
    assert found['map_fill'] == .5
    assert set(found) == {'raw_mask_score', 'stability', 'sharpness', 'entropy',
                          'map_fill'}


def test_two_opinions_are_compared_by_their_masks():
    found = parts([[.9, .9]], flip_iou=([[.9, .2]], [[.8, .6]]),
                  student_teacher_iou=([[.9, .9]], [[.6, .7]]))
    assert found['flip_iou'] == .5 and found['student_teacher_iou'] == 1


def test_a_refined_map_is_compared_with_the_raw_one_and_fills_the_box():
    found = parts([[.9, .9, .2, .2]], refined=[[.9, .9, .9, .1]])
    assert found['refine_iou'] == pytest.approx(2 / 3)
    assert found['map_fill'] == .75
    # All else is of the raw map.
    assert found['raw_mask_score'] == pytest.approx(math.sqrt(.9))


def test_spill_is_foreground_outside_the_box_and_inside_the_image():
    prob = [[.9, .9, .9, .2, .9]]
    found = parts(prob, [[1, 1, 0, 0, 0]], valid=[[1, 1, 1, 1, 0]])
    assert found['spill'] == pytest.approx(1 / 3)
    assert parts([[.1, .1]], valid=[[1, 1]])['spill'] == 0


def test_cells_outside_the_region_do_not_count():
    inside = parts([[.9, .2]])
    framed = parts([[.9, .2], [.7, .6]], [[1, 1], [0, 0]])
    assert framed == inside


@pytest.mark.parametrize('prob, region', [
    pytest.param([[.1, .2]], [[1, 1]], id='no foreground'),
    pytest.param([[.9, .9]], [[0, 0]], id='no region')])
def test_nothing_to_compare_is_zero(prob, region):
    found = parts(prob, region, flip_iou=(prob, prob))
    assert found['raw_mask_score'] == found['stability'] == 0
    assert found['flip_iou'] == 0


@pytest.mark.parametrize('threshold, low, high', [(.5, .3, .7), (.8, .48, .88)])
def test_stability_reaches_to_both_sides_of_the_threshold(threshold, low, high):
    step = 1e-3
    prob = [[1., high + step, high - step, low + step, low - step]]
    assert parts(prob, threshold=threshold)['stability'] == pytest.approx(2 / 4)


def test_components_do_not_depend_on_what_else_is_in_the_batch():
    torch.manual_seed(0)
    maps, region = torch.rand(5, 8, 8), torch.rand(5, 8, 8) > .3
    together = map_parts(maps, region, .5, dict(flip_iou=(maps, maps.flip(-1))))
    for row in range(5):
        one = slice(row, row + 1)
        alone = map_parts(maps[one], region[one], .5,
                          dict(flip_iou=(maps[one], maps[one].flip(-1))))
        for name, values in alone.items():
            assert values.item() == together[name][row].item()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, .99), st.floats(.01, 20))
def test_every_component_lies_between_0_and_1(seed, threshold, sharpness):
    rng = np.random.default_rng(seed)
    logits = torch.tensor(rng.normal(0, sharpness, (2, 3, 6, 6)), dtype=torch.float32)
    one, other, raw = logits.sigmoid().transpose(0, 1)
    region = torch.tensor(rng.random((2, 6, 6)) < .7)
    for values in map_parts(raw, region, threshold,
                            dict(flip_iou=(one, other)), other,
                            torch.ones_like(region)).values():
        assert ((values >= 0) & (values <= 1)).all()


def sample(bbox, window=(10, 20, 30, 40), shape=(100, 100)):
    return DetDataSample(metainfo=dict(
        bbox=np.array(bbox, np.float32), crop_window=np.array(window),
        ori_shape=shape))


@pytest.mark.parametrize('bbox, shape, expected', [
    # 20 px are shown by 10 cells, so a cell is 2 px.
    pytest.param((14, 24, 24, 36), (100, 100), (2, 2, 7, 8), id='inside'),
    pytest.param((14, 24, 24, 36), (30, 100), (2, 2, 7, 5), id='image ends'),
    pytest.param((14, 24, 14.5, 24.5), (100, 100), None, id='less than a cell')])
def test_region_is_the_box_within_the_image(bbox, shape, expected):
    region, = box_region([sample(bbox, shape=shape)], torch.zeros(1, 10, 10))
    wanted = torch.zeros(10, 10, dtype=bool)
    if expected:
        x0, y0, x1, y1 = expected
        wanted[y0:y1, x0:x1] = True
    assert torch.equal(region, wanted)


def test_region_follows_each_axis_of_the_window():
    region, = box_region([sample((10, 20, 20, 40), (10, 20, 30, 60))],
                         torch.zeros(1, 8, 4))
    assert region.sum() == 4 * 2 and region[:4, :2].all()
