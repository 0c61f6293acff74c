"""Baselines behind a labeller's interface give the baselines' masks."""

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample

from mmdet_mal.datasets.transforms import CutSurroundings
from mmdet_mal.evaluation.baselines import BASELINES, grabcut, random_walker
from mmdet_mal.models.baseline_labeler import BaselineLabeler
from mmdet_mal.structures.rle import encode_window
from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.setting_error import SettingError

MARGINS = dict(
    box=(0., 0), ellipse=(0., 0), grabcut=(grabcut.MARGIN, grabcut.MIN_MARGIN_PX),
    random_walker=(random_walker.MARGIN, random_walker.MIN_MARGIN_PX))


def picture():
    image = np.random.default_rng(0).integers(0, 60, (90, 120, 3), np.uint8)
    rows, columns = np.ogrid[:90, :120]
    image[(rows - 40)**2 + (columns - 70)**2 < 400] += 150
    return image


def sample_of(image, bbox, name):
    found = CutSurroundings(*MARGINS[name])(dict(
        img=image, bbox=np.array(bbox, np.float32)))
    crop = torch.from_numpy(found.pop('img').transpose(2, 0, 1).copy())
    return crop, DetDataSample(metainfo=found)


@pytest.mark.parametrize('bbox', [
    pytest.param([50, 20, 90.25, 60.5], id='inside'),
    pytest.param([-8.5, 30, 60, 95], id='over two borders'),
    pytest.param([100.2, 3.1, 101.9, 4.4], id='a pixel'),
    pytest.param([0, 0, 120, 90], id='the image')])
@pytest.mark.parametrize('name', list(BASELINES))
def test_masks_are_those_of_the_whole_image(name, bbox):
    image = picture()
    crop, sample = sample_of(image, bbox, name)
    out = BaselineLabeler(name).test_step(dict(
        inputs=[crop], data_samples=[sample], chunk_index=0, failed=[]))
    mask, window = BASELINES[name](image, np.array(bbox, np.float32), (90, 120))
    instances = out[0].pred_instances
    assert instances.masks[0] == encode_window(mask, window, (90, 120))
    assert instances.areas.tolist() == [mask.sum()]
    assert instances.scores.tolist() == [1] and instances.mal == [{}]


def test_crops_of_several_sizes_go_together():
    image = picture()
    pairs = [sample_of(image, box, 'ellipse')
             for box in ([50, 20, 90, 60], [3, 3, 20, 40])]
    crops, samples = zip(*pairs, strict=True)
    out = BaselineLabeler('ellipse').test_step(dict(
        inputs=list(crops), data_samples=list(samples)))
    assert [len(s.pred_instances) for s in out] == [1, 1]


def test_another_version_is_another_run():
    """The manifest of a label run hashes the weights."""
    assert 'version' in BaselineLabeler('box').state_dict()


def test_what_it_does_not_do():
    with pytest.raises(SettingError, match="no baseline 'circle'; there are box"):
        BaselineLabeler('circle')
    with pytest.raises(UserError, match='nothing to train'):
        BaselineLabeler('box')([], [], mode='loss')
    with pytest.raises(ValueError, match="must be 'predict'"):
        BaselineLabeler('box')([], [])
