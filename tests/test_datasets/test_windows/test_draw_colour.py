"""The numbers of the CPU pipeline's transforms, without their pixels."""

import random

import numpy as np
import pytest
from mmcv.transforms import Compose
from mmengine.registry import init_default_scope

from mmdet_mal.datasets.windows import DrawColour, SampledWindow
from mmdet_mal.datasets.windows.colour_draw import box_radius
from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.randomness import seeded

JITTER = dict(type='mmpretrain.ColorJitter', brightness=.4, contrast=.4,
              saturation=.2, hue=.1, backend='cv2')
GREY = dict(type='RandomGrayscale', prob=1.0, keep_channels=True,
            channel_weights=(0.114, 0.587, 0.299))
BLUR = dict(type='mmpretrain.GaussianBlur', magnitude_range=(.1, 2.),
            magnitude_std='inf', prob=.5)
COLOURS = [dict(type='RandomApply', prob=.5, transforms=[JITTER]),
           dict(type='RandomApply', prob=.2, transforms=[GREY]), BLUR]


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope('mmdet')


def drawn(transforms, seed=0):
    window = SampledWindow(np.zeros((2, 2, 3), np.uint8), np.zeros((2, 4)),
                           (2, 2), 'reflect')
    with seeded(0, seed):
        steps = DrawColour(transforms)(dict(window=window))['window'].colour.steps
        return steps, np.random.rand(), random.random()


def test_as_many_numbers_are_drawn_as_by_the_pipeline():
    pipeline = Compose([dict(step) for step in COLOURS])
    for seed in range(12):
        with seeded(0, seed):
            pipeline(dict(img=np.zeros((2, 2, 3), np.uint8)))
            expected = np.random.rand(), random.random()
        assert drawn(COLOURS, seed)[1:] == expected


def test_each_change_stands_in_its_slot():
    seen = set()
    for seed in range(40):
        steps, _, _ = drawn(COLOURS, seed)
        slots = [slot for slot, _, _ in steps]
        assert slots == sorted(set(slots))
        for slot, name, value in steps:
            seen.add(name)
            low, high = dict(
                brightness=(.6, 1.4), contrast=(.6, 1.4), saturation=(.8, 1.2),
                hue=(0, 255), grey=(0, 0),
                blur=(box_radius(.1), box_radius(2.)))[name]
            assert low <= value <= high
            assert slot == dict(grey=4, blur=5).get(name, slot)
    assert seen == {'brightness', 'contrast', 'saturation', 'hue', 'grey', 'blur'}


def test_the_hue_is_cut_towards_no_turn_as_mmcv_does():
    turned = dict(JITTER, brightness=0, contrast=0, saturation=0,
                  hue=(-.05, -.05))
    # -.05 * 255 = -12.75: 12 steps back, of 256.
    assert [step[1:] for step in drawn([turned])[0]] == [('hue', 244.)]


@pytest.mark.parametrize('transforms, message', [
    ([dict(JITTER, backend='pillow')], "set backend='cv2'"),
    ([dict(GREY, prob=.2)], 'prob=1.0'),
    ([dict(GREY, channel_weights=(1, 1, 1))], 'channel_weights'),
    ([BLUR, JITTER], 'change the order'),
    ([JITTER, JITTER], 'each once'),
    ([dict(type='mmdet.PhotoMetricDistortion')], 'PhotoMetricDistortion')])
def test_what_the_device_does_not_know_is_refused(transforms, message):
    with pytest.raises(UserError, match=message):
        DrawColour(transforms)
