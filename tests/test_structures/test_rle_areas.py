"""Areas of many masks are those of each, and as strict."""

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from mmdet_mal.structures.rle import bbox_rle, encode_window, rle_counts
from mmdet_mal.structures.rle_areas import rle_areas

FILLED = bbox_rle((2, 1, 7, 6), (8, 10))


def random_masks(count, seed=0):
    rng = np.random.default_rng(seed)
    masks = []
    for _ in range(count):
        h, w = (int(v) for v in rng.integers(1, 40, 2))
        mask = rng.random((h, w)) < rng.choice([0, .1, .5, .9, 1])
        x, y = (int(v) for v in rng.integers(0, 30, 2))
        masks.append(encode_window(mask, (x, y, x + w, y + h),
                                   tuple(rng.integers(50, 3000, 2).tolist())))
    return masks


def test_by_hand():
    # 5 x 5 pixels of 8 x 10; nothing; everything, whose runs are 0 and 80.
    empty = encode_window(np.zeros((1, 1)), (0, 0, 1, 1), (8, 10))
    full = bbox_rle((0, 0, 10, 8), (8, 10))
    assert rle_areas([FILLED, empty, full, FILLED]).tolist() == [25, 0, 80, 25]


@pytest.mark.parametrize('count', [1, 2, 3, 500])
def test_as_pycocotools_says(count):
    masks = random_masks(count)
    assert rle_areas(masks).tolist() == [coco_mask.area(mask) for mask in masks]


def test_large_images():
    masks = [bbox_rle((0, 0, 60000, 70000), (70000, 60000)),
             bbox_rle((59990, 69990, 60000, 70000), (70000, 60000))]
    assert rle_areas(masks).tolist() == [4_200_000_000, 100]


def broken(**changes):
    return {**FILLED, **changes}


@pytest.mark.parametrize('mask', [
    broken(counts=''), broken(counts=FILLED['counts'][:-1]),
    broken(counts=FILLED['counts'] + '1'), broken(counts=FILLED['counts'] + 'P'),
    broken(counts='é' + FILLED['counts']), broken(counts=' '),
    broken(counts='oooooooo0'), broken(size=[10, 9]), broken(size=[0, 10]),
    broken(size=[-8, -10]), broken(size=[8]), broken(size=[8., 10.]),
    broken(size=[2**31, 2**31]), broken(size=[2**40, 1]),
    broken(counts=rle_counts(FILLED).tolist()), broken(counts=None),
])
def test_what_one_refuses_all_refuse(mask):
    for masks in ([mask], [FILLED, mask, FILLED]):
        with pytest.raises((ValueError, TypeError)):
            rle_areas(masks)


def test_random_damage_is_found_as_by_rle_counts():
    rng = np.random.default_rng(1)
    kept = refused = 0
    for mask in random_masks(400, seed=2):
        text = list(mask['counts'])
        text[rng.integers(len(text))] = chr(rng.integers(48, 112))
        changed = dict(mask, counts=''.join(text))
        try:
            area = rle_counts(changed)[1::2].sum()
        except ValueError:
            refused += 1
            with pytest.raises(ValueError):
                rle_areas([FILLED, changed])
        else:
            kept += 1
            assert rle_areas([FILLED, changed])[1] == area
    assert kept > 2 and refused > 100
