import numpy as np
import pytest

from mmdet_mal.demo.scene import SMALLEST_PX, draw_scene
from mmdet_mal.demo.shapes import SHAPES


@pytest.fixture(scope='module')
def scenes():
    return [draw_scene((200, 240), 8, np.random.default_rng(seed))
            for seed in range(12)]


def box_sides(mask):
    return [1 + int(np.ptp(np.flatnonzero(mask.any(axis)))) for axis in (1, 0)]


def test_visible_parts_do_not_overlap(scenes):
    for scene in scenes:
        assert np.sum(scene.masks, axis=0).max() == 1


def test_sizes_are_within_their_bounds(scenes):
    longest = [max(box_sides(mask)) for scene in scenes for mask in scene.masks]
    assert min(longest) >= SMALLEST_PX
    assert max(longest) <= 101
    assert max(longest) > 70 and min(longest) < 30


def test_every_shape_occurs(scenes):
    names = [name for scene in scenes for name in scene.names]
    assert set(names) == set(SHAPES)
    assert all(len(scene.names) == len(scene.masks) for scene in scenes)


def test_some_objects_touch(scenes):
    touching = 0
    for scene in scenes:
        label = sum((number + 1) * mask
                    for number, mask in enumerate(scene.masks))
        left, right = label[:, :-1], label[:, 1:]
        touching += bool(((left != right) & (left > 0) & (right > 0)).any())
    assert touching >= 3


def test_the_picture_shows_the_objects(scenes):
    assert all(scene.img.shape == (200, 240, 3) and scene.img.dtype == np.uint8
               for scene in scenes)


def test_equal_seeds_give_equal_pictures():
    first, second = (draw_scene((100, 90), 4, np.random.default_rng(3))
                     for _ in range(2))
    assert np.array_equal(first.img, second.img)
    assert np.array_equal(first.masks, second.masks)


def test_too_small_pictures_are_refused():
    with pytest.raises(ValueError, match='at least 64'):
        draw_scene((60, 200), 3, np.random.default_rng(0))
