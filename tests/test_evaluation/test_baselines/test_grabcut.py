import cv2
import numpy as np
import pytest

from mmdet_mal.evaluation.baselines import grabcut_mask


@pytest.fixture
def disc():
    """A red disc of radius 15 at (40, 30) on noisy green; and its mask."""
    rng = np.random.default_rng(0)
    img = np.zeros((60, 80, 3), np.uint8)
    img[:] = (40, 140, 40)
    mask = np.zeros((60, 80), np.uint8)
    cv2.circle(mask, (40, 30), 15, 1, -1)
    img[mask > 0] = (40, 40, 200)
    img = img + rng.integers(0, 30, img.shape, dtype=np.uint8)
    return img, mask.astype(bool)


def test_disc_on_plain_ground_is_cut_out(disc):
    img, truth = disc
    mask, window = grabcut_mask(img, np.array([25., 15., 56., 46.]), (60, 80))
    assert window.tolist() == [25, 15, 56, 46]
    wanted = truth[15:46, 25:56]
    assert (mask & wanted).sum() / (mask | wanted).sum() > .95


def test_a_mask_does_not_depend_on_the_boxes_before_it(disc):
    img, _ = disc
    bbox = np.array([20., 12., 60., 50.])
    first, _ = grabcut_mask(img, bbox, (60, 80))
    grabcut_mask(img, np.array([5., 5., 30., 30.]), (60, 80))
    again, _ = grabcut_mask(img, bbox, (60, 80))
    assert np.array_equal(first, again)


def test_the_image_is_not_changed(disc):
    img, _ = disc
    before = img.copy()
    grabcut_mask(img, np.array([25., 15., 56., 46.]), (60, 80))
    assert np.array_equal(img, before)


@pytest.mark.parametrize('bbox', [
    pytest.param([0., 0., 80., 60.], id='whole image: no ground'),
    pytest.param([7., 7., 8., 8.], id='one pixel')])
def test_nothing_to_learn_from_gives_the_filled_box(disc, bbox):
    mask, window = grabcut_mask(disc[0], np.array(bbox), (60, 80))
    assert window.tolist() == bbox and mask.all()


def test_uniform_picture_gives_some_mask():
    img = np.full((60, 80, 3), 128, np.uint8)
    mask, _ = grabcut_mask(img, np.array([20., 20., 40., 40.]), (60, 80))
    assert mask.any()


@pytest.mark.parametrize('img', [None, np.zeros((60, 80), np.uint8),
                                 np.zeros((80, 60, 3), np.uint8)])
def test_a_picture_that_does_not_fit_is_refused(img):
    with pytest.raises(ValueError, match='GrabCut needs the image'):
        grabcut_mask(img, np.array([1., 1., 5., 5.]), (60, 80))
