"""The random walker from a box: colours it follows, and what it cannot do."""

import builtins

import numpy as np
import pytest

from mmdet_mal.evaluation.baselines.random_walker import random_walker_mask
from mmdet_mal.utils.errors import UserError

pytest.importorskip('skimage', reason='scikit-image is not installed: extra '
                                      'baselines')
SHAPE = (60, 80)
BOX = np.array([20., 10., 60., 50.])


def disc(radius=20):
    rows, columns = np.mgrid[:SHAPE[0], :SHAPE[1]]
    return (rows + .5 - 30)**2 + (columns + .5 - 40)**2 <= radius**2


def picture(where):
    image = np.full((*SHAPE, 3), (40, 160, 60), np.uint8)
    image[where] = (30, 40, 220)
    return image


def iou(mask, window, truth):
    whole = np.zeros(SHAPE, bool)
    x0, y0, x1, y1 = window
    whole[y0:y1, x0:x1] = mask
    return (whole & truth).sum() / (whole | truth).sum()


def test_it_finds_a_disc_of_another_colour():
    mask, window = random_walker_mask(picture(disc()), BOX, SHAPE)
    assert window.tolist() == [20, 10, 60, 50] and mask.dtype == bool
    assert iou(mask, window, disc()) > .95


def test_large_boxes_are_scaled_down_and_back():
    image = np.kron(picture(disc()), np.ones((6, 6, 1), np.uint8))
    mask, window = random_walker_mask(image, BOX * 6, (360, 480))
    truth = np.kron(disc(), np.ones((6, 6), bool))[60:300, 120:360]
    assert mask.shape == (240, 240)
    assert (mask & truth).sum() / (mask | truth).sum() > .93


def test_a_mask_does_not_depend_on_those_before_it():
    first, _ = random_walker_mask(picture(disc()), BOX, SHAPE)
    random_walker_mask(picture(disc(8)), BOX, SHAPE)
    again, _ = random_walker_mask(picture(disc()), BOX, SHAPE)
    assert np.array_equal(first, again)


@pytest.mark.parametrize('box', [
    (0., 0., 80., 60.), (10., 10., 11., 11.), (79.5, 59.5, 80., 60.),
    (10., 10., 10.5, 50.), (-20., -20., 5., 5.)],
    ids=['whole image', 'a pixel', 'corner', 'thin', 'overhanging'])
@pytest.mark.parametrize('image', [picture(disc()), picture(disc()) * 0],
                         ids=['disc', 'black'])
def test_every_box_gets_a_mask(box, image):
    mask, window = random_walker_mask(image, np.array(box), SHAPE)
    assert mask.any()
    assert mask.shape == (window[3] - window[1], window[2] - window[0])


@pytest.mark.parametrize('image, box', [
    (None, BOX), (picture(disc())[:5], BOX), (picture(disc()), BOX[[2, 3, 0, 1]]),
    (picture(disc()), BOX * np.nan), (picture(disc()), BOX + 900)])
def test_bad_input(image, box):
    with pytest.raises(ValueError):
        random_walker_mask(image, box, SHAPE)


def test_without_the_library_it_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.startswith('skimage'):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, '__import__', refuse)
    with pytest.raises(UserError, match=r"mmdet-mal\[baselines\]"):
        random_walker_mask(picture(disc()), BOX, SHAPE)
