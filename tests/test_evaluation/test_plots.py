import cv2
import numpy as np

from mmdet_mal.evaluation.mask_iou import MaskIoUs
from mmdet_mal.evaluation.plots import write_plots
from mmdet_mal.evaluation.scores import labeller_scores

DATA = dict(images=[], categories=[])


def scores(ious):
    count = len(ious)
    return labeller_scores(MaskIoUs(
        np.arange(count), np.arange(count), np.ones(count, int),
        np.full(count, 2000.), np.array(ious), np.array(ious),
        np.zeros(count, bool)), DATA)


def test_pictures_differ_with_the_scores_and_repeat(tmp_path):
    def picture(name, *ious):
        entries = {f'labeller ${i}': scores(v) for i, v in enumerate(ious)}
        path = write_plots(tmp_path / name, entries, 'labeller $0')
        assert path == f'{tmp_path / name}.png'
        return cv2.imread(path)

    first = picture('a', [.2, .5, .9], [.1, .3, .4])
    assert np.array_equal(first, picture('b', [.2, .5, .9], [.1, .3, .4]))
    assert not np.array_equal(first, picture('c', [.2, .5, .6], [.1, .3, .4]))
    # Not blank: three panels with ink in each.
    for panel in np.array_split(first, 3, axis=1):
        assert (panel < 128).mean() > .005
    assert not list(tmp_path.glob('*.tmp'))
