"""The picture of the curve."""

import cv2
import numpy as np

from mmdet_mal.quality.plot import write_curve
from mmdet_mal.quality.report import score_report


def test_curve_is_drawn(tmp_path):
    ious = np.linspace(0, 1, 50)
    path = str(tmp_path / 'curve.png')
    write_curve(path, score_report(ious, ious), ious, ious)
    first = cv2.imread(path)
    write_curve(path, score_report(1 - ious, ious), 1 - ious, ious)
    assert first.shape[0] > 300 and (first != cv2.imread(path)).any()
