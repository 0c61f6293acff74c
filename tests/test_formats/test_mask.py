"""One mask, and its window."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as arrays
from pycocotools import mask as coco_mask

from mmdet_mal.formats.mask import read_mask
from mmdet_mal.utils.errors import UserError


def rle(mask):
    encoded = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return dict(size=encoded['size'], counts=encoded['counts'].decode())


@settings(max_examples=150, deadline=None)
@given(arrays.arrays(bool, arrays.array_shapes(min_dims=2, max_dims=2, max_side=9)))
def test_the_window_holds_the_mask_and_touches_its_borders(mask):
    pixels, left, top = read_mask(dict(segmentation=rle(mask)), mask.shape,
                                  'here').window()
    pasted = np.zeros_like(mask)
    pasted[top:top + pixels.shape[0], left:left + pixels.shape[1]] = pixels
    assert (pasted == mask).all()
    if mask.any():
        assert pixels[0].any() and pixels[-1].any()
        assert pixels[:, 0].any() and pixels[:, -1].any()


def test_runs_of_no_length_do_not_matter():
    mask = read_mask(dict(segmentation=dict(size=[2, 3], counts=[1, 0, 0, 2, 3])),
                     (2, 3), 'here')
    pixels, left, top = mask.window()
    assert (left, top, pixels.tolist()) == (0, 0, [[False, True], [True, False]])


@pytest.mark.parametrize('segmentation, words', [
    (dict(size=[2, 2], counts='11'), r'size \[2, 2\], expected \[2, 3\]'),
    (dict(size=[2, 3], counts='1'), 'do not add up'),
    (dict(size=[2, 3], counts='\x00'), 'not a string as pycocotools'),
    (dict(size=[2, 3], counts='oooooooooooooooo0'), 'longer than any image'),
    (dict(size=[2, 3]), 'neither a compressed string'), ([[1, 2]], 'no polygon'),
    ('x', 'is a str')], ids=str)
def test_a_broken_segmentation_is_named(segmentation, words):
    with pytest.raises(UserError, match=f'annotation 7: .*{words}'):
        read_mask(dict(segmentation=segmentation), (2, 3), 'annotation 7')
