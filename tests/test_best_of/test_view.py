"""The crop in which candidates are measured."""

import numpy as np
import pytest
from discs import SIZE, disc, rle_of

from mmdet_mal.best_of.view import view_of


def test_a_view_is_small_and_keeps_the_shape_of_large_boxes():
    shape = (900, 1200)
    mask = disc(600, 450, 250, shape)
    found = view_of(np.zeros((*shape, 3), np.uint8), (350, 200, 500, 500),
                    [rle_of(mask)])
    assert max(found.image.shape) <= 112
    x0, y0, x1, y1 = found.box
    inside = found.masks[0][y0:y1, x0:x1]
    assert inside.sum() == found.masks[0].sum()
    assert inside.mean() == pytest.approx(np.pi / 4, abs=.02)


def test_a_view_at_the_border_stays_in_the_image():
    corner = np.zeros(SIZE, bool)
    corner[80:90, 110:120] = True
    found = view_of(np.zeros((*SIZE, 3), np.uint8), (110, 80, 10, 10),
                    [rle_of(corner)])
    assert found.masks[0].sum() == 100
    x0, y0, x1, y1 = found.box
    assert found.masks[0][y0:y1, x0:x1].all()


@pytest.mark.parametrize('bbox', [(0, 0, 0, 5), (0, 0, -3, 5), (500, 5, 5, 5),
                                  (float('nan'), 0, 5, 5)])
def test_a_box_without_pixels_is_an_error(bbox):
    with pytest.raises(ValueError):
        view_of(np.zeros((*SIZE, 3), np.uint8), bbox, [rle_of(disc(60, 45, 25))])


def test_a_mask_of_another_image_is_an_error():
    with pytest.raises(ValueError, match=r'mask is of size \[5, 5\]'):
        view_of(np.zeros((*SIZE, 3), np.uint8), (5, 5, 9, 9),
                [rle_of(np.ones((5, 5), bool))])
