"""The student's colours: stock draws, stock pixels."""

import copy
import random

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmdet_mal.registry import TRANSFORMS
from mmdet_mal.utils.shipped import find_config

STOCK = {
    'mmdet_mal.ColorJitter': 'mmpretrain.ColorJitter',
    'mmdet_mal.RandomGrayscale': 'RandomGrayscale',
}


def stock_of(settings):
    """The same transforms with the stock types."""
    settings = copy.deepcopy(settings)
    inner = settings.get('transforms', [])
    settings['transforms'] = [stock_of(t) for t in inner]
    if not inner:
        settings.pop('transforms')
    settings['type'] = STOCK.get(settings['type'], settings['type'])
    return settings


def run(settings, img, seed):
    random.seed(seed)
    np.random.seed(seed)
    results = dict(img=img.copy())
    for transform in settings:
        results = TRANSFORMS.build(copy.deepcopy(transform))(results)
    # What comes after draws the same, too.
    return results['img'], random.random(), np.random.rand()


@pytest.fixture(scope='module')
def colour():
    init_default_scope('mmdet')
    config = Config.fromfile(find_config('mal_vit-mae-b_coco'))
    branch = config.train_pipeline[-1]
    return [dict(t) for t in branch['student'][:-1]]


def test_the_config_uses_ours(colour):
    types = [t['transforms'][0]['type'] if 'transforms' in t else t['type']
             for t in colour]
    assert types == ['mmdet_mal.ColorJitter', 'mmdet_mal.RandomGrayscale',
                     'mmpretrain.GaussianBlur']


def test_forty_samples_are_those_of_the_stock_transforms(colour):
    rng = np.random.default_rng(0)
    stock = [stock_of(t) for t in colour]
    changed = 0
    for seed in range(40):
        img = rng.integers(0, 256, (33, 47, 3), np.uint8)
        ours, *drawn = run(colour, img, seed)
        expected, *drawn_by_stock = run(stock, img, seed)
        assert np.array_equal(ours, expected) and drawn == drawn_by_stock
        changed += not np.array_equal(ours, img)
    assert changed > 20


def test_on_photographs(colour, coco_mini_root):
    import cv2
    stock = [stock_of(t) for t in colour]
    for seed, path in enumerate(sorted((coco_mini_root / 'images').iterdir())[:6]):
        img = cv2.imread(str(path))
        assert np.array_equal(run(colour, img, seed)[0], run(stock, img, seed)[0])


@pytest.mark.parametrize('settings, shape', [
    (dict(type='RandomGrayscale', prob=1., keep_channels=False), (9, 8, 3)),
    (dict(type='RandomGrayscale', prob=1., keep_channels=True), (9, 8, 1)),
    (dict(type='RandomGrayscale', prob=0., keep_channels=True), (9, 8, 3)),
    (dict(type='ColorJitter', brightness=.4, backend='pillow'), (9, 8, 3))])
def test_what_is_not_ours_to_hasten_goes_to_the_stock_class(settings, shape):
    init_default_scope('mmdet')
    img = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    ours = dict(settings, type=f"mmdet_mal.{settings['type']}")
    stock = dict(settings, type=STOCK[ours['type']])
    assert np.array_equal(run([ours], img, 3)[0], run([stock], img, 3)[0])


def test_it_is_the_stock_class_for_whoever_asks():
    from mmcv.transforms import RandomGrayscale
    from mmpretrain.datasets.transforms import ColorJitter
    jitter = TRANSFORMS.build(dict(
        type='mmdet_mal.ColorJitter', brightness=.4, backend='cv2'))
    grey = TRANSFORMS.build(dict(type='mmdet_mal.RandomGrayscale', prob=.2))
    assert isinstance(jitter, ColorJitter) and isinstance(grey, RandomGrayscale)
