import numpy as np
import pytest

from mmdet_mal.evaluation.baselines import (box_mask, ellipse_mask,
                                            grabcut_mask)

IMAGE = np.zeros((20, 30, 3), np.uint8)


def test_box_covers_every_pixel_that_it_touches():
    mask, window = box_mask(None, np.array([2.5, 3., 6.2, 8.]), (20, 30))
    assert window.tolist() == [2, 3, 7, 8]
    assert mask.shape == (5, 5) and mask.all()


def test_box_is_clipped_to_the_image():
    mask, window = box_mask(None, np.array([-4., 15., 3., 40.]), (20, 30))
    assert window.tolist() == [0, 15, 3, 20]
    assert mask.shape == (5, 3)


@pytest.mark.parametrize('labeller', [box_mask, ellipse_mask, grabcut_mask])
@pytest.mark.parametrize('bbox', [
    pytest.param([np.nan, 0, 5, 5], id='nan'),
    pytest.param([8, 8, 4, 12], id='reversed'),
    pytest.param([8, 8, 8, 12], id='zero'),
    pytest.param([40, 0, 50, 10], id='outside')])
def test_faulty_boxes_are_refused(labeller, bbox):
    with pytest.raises(ValueError, match='box'):
        labeller(IMAGE, np.array(bbox, dtype=float), (20, 30))
