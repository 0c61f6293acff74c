"""Run-length encoding at the cost of the box."""

import time

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from mmdet_mal.structures.rle import (
    bbox_rle,
    bbox_window,
    encode_window,
    rle_area,
    rle_counts,
    rle_to_mask,
    segmentation_to_rle,
)


def paste(mask, window, image_shape):
    """The plain way: a canvas, pixel by pixel."""
    canvas = np.zeros(image_shape, np.uint8)
    for row, column in zip(*np.nonzero(mask), strict=True):
        y, x = window[1] + row, window[0] + column
        if 0 <= y < image_shape[0] and 0 <= x < image_shape[1]:
            canvas[y, x] = 1
    return canvas


def reference(canvas):
    rle = coco_mask.encode(np.asfortranarray(canvas))
    return dict(size=rle['size'], counts=rle['counts'].decode('ascii'))


def assert_encodes(mask, window, image_shape):
    canvas = paste(mask, window, image_shape)
    rle = encode_window(mask, window, image_shape)
    assert rle == reference(canvas)
    assert (rle_to_mask(rle) == canvas.astype(bool)).all()
    assert rle_area(rle) == canvas.sum()


@pytest.mark.parametrize('seed', range(4))
def test_equals_pycocotools_on_random_windows(seed):
    rng = np.random.default_rng(seed)
    for _ in range(1500):
        height, width = rng.integers(1, 20, 2)
        h, w = rng.integers(1, 14, 2)
        x0, y0 = rng.integers(-13, width + 3), rng.integers(-13, height + 3)
        mask = rng.random((h, w)) < rng.choice([0, .1, .5, .9, 1])
        window = (x0, y0, x0 + w, y0 + h)
        rle = encode_window(mask, window, (height, width))
        assert rle == reference(paste(mask, window, (height, width)))
        assert (rle_counts(rle)[1::2].sum()) == rle_area(rle)


ON = np.ones((3, 2), bool)


@pytest.mark.parametrize('mask, window, image_shape', [
    pytest.param(ON, (0, 0, 2, 3), (5, 4), id='begins at pixel 0'),
    pytest.param(ON, (2, 2, 4, 5), (5, 4), id='ends at the last pixel'),
    pytest.param(ON, (1, 0, 3, 3), (3, 4), id='full columns merge'),
    pytest.param(ON, (0, 0, 2, 3), (3, 2), id='fills the image'),
    pytest.param(ON, (-1, -1, 1, 2), (5, 4), id='overhangs top left'),
    pytest.param(ON, (3, 3, 5, 6), (5, 4), id='overhangs bottom right'),
    pytest.param(ON, (0, -1, 2, 2), (2, 2), id='overhang leaves full columns'),
    pytest.param(ON, (-2, 0, 0, 3), (5, 4), id='outside by touching'),
    pytest.param(ON, (90, 90, 92, 93), (5, 4), id='outside by far'),
    pytest.param(~ON, (0, 0, 2, 3), (5, 4), id='empty'),
    pytest.param(ON[:1, :1], (3, 4, 4, 5), (5, 4), id='one pixel, last'),
    pytest.param(ON[:1, :1], (0, 0, 1, 1), (1, 1), id='image of one pixel'),
    pytest.param(np.array([[1, 0], [0, 0], [1, 1]], bool), (1, 0, 3, 3), (3, 4),
                 id='foot of one column to head of none'),
    pytest.param(np.array([[0, 1], [1, 1], [1, 0]], bool), (1, 0, 3, 3), (3, 4),
                 id='run goes on in the next column'),
    pytest.param(np.full((3, 2), 7, np.uint8), (1, 1, 3, 4), (5, 4),
                 id='non-zero counts as on'),
])
def test_edges(mask, window, image_shape):
    assert_encodes(mask, window, image_shape)


def test_counts_by_hand():
    # Columns of 4 px: pixel (1, 0), (2, 0) and (1, 1): 1 off, 2 on, 2 off, 1 on.
    mask = np.array([[1, 1], [1, 0]], bool)
    rle = encode_window(mask, (0, 1, 2, 3), (4, 3))
    assert rle['size'] == [4, 3]
    assert rle_counts(rle).tolist() == [1, 2, 2, 1, 6]


def test_cost_does_not_grow_with_the_image():
    mask = np.ones((200, 200), bool)
    mask[::3] = False

    def seconds(image_shape):
        best = np.inf
        for _ in range(20):
            start = time.perf_counter()
            encode_window(mask, (100, 100, 300, 300), image_shape)
            best = min(best, time.perf_counter() - start)
        return best

    assert seconds((10_000, 10_000)) < 3 * seconds((480, 640))


def test_large_image_equals_small_image_shifted():
    mask = np.random.default_rng(0).random((50, 40)) < .5
    rle = encode_window(mask, (9000, 8000, 9040, 8050), (10_000, 10_000))
    counts = rle_counts(rle)
    assert counts.sum() == 10_000 ** 2
    assert rle_area(rle) == mask.sum()
    x, y, w, h = coco_mask.toBbox(rle)
    assert 9000 <= x and x + w <= 9040 and 8000 <= y and y + h <= 8050


@pytest.mark.parametrize('mask, window, image_shape, message', [
    pytest.param(ON, (0, 0, 3, 2), (5, 4), 'expected .2, 3.', id='other shape'),
    pytest.param(ON[0], (0, 0, 2, 3), (5, 4), 'mask has shape', id='one axis'),
    pytest.param(ON, (0, 0, 2, 3), (0, 4), 'no pixel', id='image without pixel'),
    pytest.param(ON, (0, 0, 2, 3), (2**17, 2**16), 'can count', id='too large'),
])
def test_refuses_bad_windows(mask, window, image_shape, message):
    with pytest.raises(ValueError, match=message):
        encode_window(mask, window, image_shape)


@pytest.mark.parametrize('bbox, expected', [
    pytest.param((1, 2, 3, 4), (1, 2, 3, 4), id='integers'),
    pytest.param((1.2, 2.7, 3.2, 3.9), (1, 2, 4, 4), id='every touched pixel'),
    pytest.param((1.4, 2.4, 1.6, 2.6), (1, 2, 2, 3), id='less than a pixel'),
    pytest.param((.9999, 2, 3.0001, 4), (1, 2, 3, 4), id='rounding of float32'),
    pytest.param((-5, -5, 2, 2), (0, 0, 2, 2), id='clipped top left'),
    pytest.param((8, 7, 99, 99), (8, 7, 10, 8), id='clipped bottom right'),
    pytest.param((9.999, 7.999, 10, 8), (9, 7, 10, 8), id='last pixel, a sliver'),
])
def test_bbox_window(bbox, expected):
    assert bbox_window(bbox, (8, 10)) == expected
    filled = np.zeros((8, 10), np.uint8)
    filled[expected[1]:expected[3], expected[0]:expected[2]] = 1
    assert bbox_rle(bbox, (8, 10)) == reference(filled)


@pytest.mark.parametrize('bbox, message', [
    pytest.param((1, 1, np.nan, 2), 'not finite', id='nan'),
    pytest.param((1, 1, np.inf, 2), 'not finite', id='inf'),
    pytest.param((3, 1, 2, 2), 'no area', id='reversed'),
    pytest.param((2, 1, 2, 2), 'no area', id='zero'),
    pytest.param((10, 1, 12, 2), 'outside', id='right of the image'),
    pytest.param((1, -3, 2, 0), 'outside', id='above the image'),
])
def test_bbox_window_refuses(bbox, message):
    with pytest.raises(ValueError, match=message):
        bbox_rle(bbox, (8, 10))


def test_bbox_rle_of_the_whole_image_is_one_run():
    assert rle_counts(bbox_rle((0, 0, 10, 8), (8, 10))).tolist() == [0, 80]


POLYGON = [1, 1, 5, 1, 5, 4, 1, 4]
FILLED = bbox_rle((1, 1, 5, 4), (8, 10))


@pytest.mark.parametrize('segmentation', [
    pytest.param([POLYGON], id='polygon'),
    pytest.param([POLYGON, [1, 1, 2, 2]], id='polygon and a line'),
    pytest.param([POLYGON, POLYGON], id='polygons are joined'),
    pytest.param(FILLED, id='compressed, str'),
    pytest.param(dict(FILLED, counts=FILLED['counts'].encode()), id='bytes'),
    pytest.param(dict(size=[8, 10], counts=rle_counts(FILLED).tolist()),
                 id='uncompressed'),
])
def test_segmentation_to_rle(segmentation):
    assert segmentation_to_rle(segmentation, 8, 10) == FILLED


@pytest.mark.parametrize('segmentation, message', [
    pytest.param([], 'no polygon', id='empty'),
    pytest.param([[1, 1, 4, 4]], 'no polygon', id='four numbers are no box'),
    pytest.param([1, 1, 4, 4], 'no polygon', id='flat list'),
    pytest.param(None, 'NoneType', id='none'),
    pytest.param(dict(FILLED, size=[10, 8]), r'size \[10, 8\]', id='swapped size'),
    pytest.param(dict(size=[8, 10], counts=[1, 2]), 'adds up', id='short counts'),
    pytest.param(dict(size=[8, 10]), 'adds up', id='no counts'),
    pytest.param(dict(size=[8, 10], counts=''), 'adds up', id='empty counts'),
    pytest.param(dict(FILLED, counts='$$$'), 'pycocotools writes', id='no counts'),
    pytest.param(dict(FILLED, counts=b'~~~'), 'pycocotools', id='bytes'),
    pytest.param(dict(FILLED, counts=bbox_rle((0, 0, 9, 9), (9, 9))['counts']),
                 'do not add up', id='counts of another size'),
])
def test_segmentation_to_rle_refuses(segmentation, message):
    with pytest.raises(ValueError, match=message):
        segmentation_to_rle(segmentation, 8, 10)


@pytest.mark.parametrize('counts', [
    pytest.param('', id='empty'),
    pytest.param('~~~', id='foreign characters'),
    pytest.param('é', id='not ascii'),
    pytest.param('o', id='cut off within a number'),
    pytest.param('1', id='too few pixels'),
    pytest.param('o' * 12 + '1', id='endless number'),
    pytest.param(FILLED['counts'][:-2], id='cut off between numbers'),
])
def test_rle_counts_refuses(counts):
    with pytest.raises(ValueError, match='RLE'):
        rle_counts(dict(size=[8, 10], counts=counts))
