import numpy as np
import pytest

from mmdet_mal.demo.textures import (bgr, dots, ground, ground_palette, light,
                                     noise, stripes, surface)

RNG_SEEDS = range(8)


@pytest.mark.parametrize('hue,expected', [
    (0, [0, 0, 1]), (120, [0, 1, 0]), (240, [1, 0, 0]), (-120, [1, 0, 0])])
def test_hues_are_degrees(hue, expected):
    assert bgr(hue, 1, 1) == pytest.approx(expected)


@pytest.mark.parametrize('scale', [1.5, 7, 40])
def test_noise_is_about_standard_normal(scale):
    fields = np.stack([noise((120, 90), scale, np.random.default_rng(seed))
                       for seed in range(30)])
    assert fields.shape[1:] == (120, 90)
    assert abs(fields.mean()) < .2 and .6 < fields.std() < 1.2


def test_coarser_noise_is_smoother():
    fine, coarse = (noise((80, 80), scale, np.random.default_rng(0))
                    for scale in (2, 20))
    assert np.abs(np.diff(coarse)).mean() < np.abs(np.diff(fine)).mean() / 4


def test_patterns_are_on_about_half_the_area():
    for pattern in (stripes, dots):
        field = pattern((90, 90), 8, np.random.default_rng(0))
        assert -1 <= field.min() < field.max() <= 1
        assert .4 < (field > 0).mean() < .6


@pytest.mark.parametrize('seed', RNG_SEEDS)
def test_ground_and_surface_are_pictures_of_several_colours(seed):
    rng = np.random.default_rng(seed)
    palette = ground_palette(rng)
    assert palette.shape[0] >= 3 and palette.shape[1] == 3
    picture = ground((60, 70), palette, rng)
    assert picture.shape == (60, 70, 3) and picture.dtype == np.float32
    assert picture.std() > .01 and -.5 < picture.min() < picture.max() < 1.6
    part = surface(np.ones((25, 12), np.float32), palette, rng)
    assert part.shape == (25, 12, 3) and part.std() > .01


def test_an_object_is_darker_at_its_rim():
    rng = np.random.default_rng(0)
    palette = ground_palette(rng)
    parts = [surface(np.ones((60, 60), np.float32), palette, rng)
             for _ in range(20)]
    mean = np.mean(parts, axis=(0, 3))
    assert mean[0].mean() < mean[20:40, 20:40].mean() * .95


def test_light_is_about_one():
    field = light((50, 60), np.random.default_rng(0))
    assert field.shape == (50, 60) and field.mean() == pytest.approx(1, abs=.01)
