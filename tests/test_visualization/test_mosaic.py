import numpy as np
import pytest

from mmdet_mal.visualization.mosaic import choose_columns, mosaic, strip


def views(*levels, size=(20, 30)):
    return [np.full((*size, 3), level, np.uint8) for level in levels]


@pytest.mark.parametrize('count', range(1, 40))
def test_columns_keep_box_start_and_end_and_are_few(count):
    shown = choose_columns(count)
    assert shown == sorted(set(shown)) and len(shown) == min(count, 8)
    assert shown[0] == 0 and shown[-1] == count - 1
    if count > 1:
        assert shown[1] == 1


def test_every_picture_is_in_the_mosaic_once():
    img = mosaic(views(10, 60, 110, 160, 210), 'iteration 5', 30)
    # Five pictures: three beside each other, two rows, on a heading of 24 px.
    assert img.shape == (24 + 2 * 34 + 4, 3 * 34 + 4, 3)
    for level in (10, 60, 110, 160, 210):
        assert (img[24:] == level).all(axis=2).sum() == 20 * 30


def test_strip_has_a_row_a_box_and_a_column_a_moment():
    img = strip([views(0, 50), views(100, 150), views(200, 240)],
                ['box', 'start', 'ep 1'], 30)
    assert img.shape == (24 + 2 * 36 + 6, 3 * 36 + 6, 3)
    first, second = img[30:60], img[66:96]
    for row, levels in ((first, (0, 100, 200)), (second, (50, 150, 240))):
        for column, level in enumerate(levels):
            cell = row[:, 6 + 36 * column:36 + 36 * column]
            assert (cell == level).all(axis=2).sum() == 20 * 30


def test_bad_input():
    with pytest.raises(ValueError, match='at least one picture'):
        mosaic([], 'x', 30)
    with pytest.raises(ValueError):
        strip([views(1, 2), views(1)], ['a', 'b'], 30)
