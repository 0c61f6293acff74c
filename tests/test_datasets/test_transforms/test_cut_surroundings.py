import numpy as np
import pytest

from mmdet_mal.datasets.transforms import CutSurroundings
from mmdet_mal.utils.setting_error import SettingError

IMAGE = np.arange(60 * 80 * 3, dtype=np.uint32).astype(np.uint8).reshape(60, 80, 3)


def cut(bbox, *options):
    return CutSurroundings(*options)(dict(img=IMAGE, bbox=np.array(bbox)))


@pytest.mark.parametrize('bbox, options, window', [
    pytest.param([20, 10, 40, 20], (.5, ), [10, 0, 50, 30], id='half of the longer'),
    pytest.param([20, 10, 40, 20], (.1, 5), [15, 5, 45, 25], id='the least px'),
    pytest.param([20.5, 10.5, 40.5, 20.5], (0., ), [20, 10, 41, 21], id='pixels'),
    pytest.param([-9, 50, 30, 99], (.1, ), [0, 47, 33, 60], id='cut at borders')])
def test_the_window_by_hand(bbox, options, window):
    found = cut(bbox, *options)
    x0, y0, x1, y1 = window
    assert found['crop_window'].tolist() == window
    assert np.array_equal(found['img'], IMAGE[y0:y1, x0:x1])
    assert found['img'].flags['C_CONTIGUOUS']
    assert found['img_shape'] == (y1 - y0, x1 - x0)
    assert found['ori_shape'] == (60, 80)


def test_a_box_outside_is_refused():
    with pytest.raises(ValueError, match='outside'):
        cut([100, 10, 110, 20], .5)


@pytest.mark.parametrize('options', [(-.1, ), (float('nan'), ), (.1, -1)])
def test_settings_are_checked(options):
    with pytest.raises(SettingError, match='at least 0'):
        CutSurroundings(*options)
