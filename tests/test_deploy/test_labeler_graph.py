"""The graph says what the labeller says, whatever its switches."""

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample

from mmdet_mal.deploy.labeler_graph import LabelerGraph

CROP = (64, 64)
# xyxy in an image of 300 x 200 px, and windows around them; areas at and beside
# the bounds of the size routing, one window overhangs.
BOXES = [(10, 10, 42, 42), (10, 10, 42, 41.9), (20, 20, 116, 116),
         (20, 20, 116, 115.9), (0, 100, 250, 200)]
WINDOWS = [(5, 5, 47, 47), (5, 5, 47, 47), (6, 6, 130, 130), (6, 6, 130, 130),
           (-38, 85, 288, 215)]


def _inputs():
    generator = torch.Generator().manual_seed(3)
    crops = torch.randn(len(BOXES), 3, 4, 4, generator=generator)
    crops = torch.nn.functional.interpolate(crops, size=CROP, mode='bilinear')
    samples, boxes, valid, areas = [], [], [], []
    for box, window in zip(np.array(BOXES), np.array(WINDOWS), strict=True):
        scale = CROP[0] / (window[2:] - window[:2])
        seen = np.array([*np.maximum(window[:2], 0),
                         *np.minimum(window[2:], (300, 200))])
        boxes.append((box - np.tile(window[:2], 2)) * np.tile(scale, 2))
        valid.append((seen - np.tile(window[:2], 2)) * np.tile(scale, 2))
        areas.append(np.prod(box[2:] - box[:2]))
        samples.append(DetDataSample(metainfo=dict(
            box_area=areas[-1], bbox=box, crop_window=window, ori_shape=(200, 300),
            valid_bbox=valid[-1])))
    tensors = [torch.tensor(np.array(v), dtype=torch.float32)
               for v in (areas, boxes, valid)]
    return crops, samples, tensors


@pytest.mark.parametrize('settings', [
    dict(),
    dict(predictor='mean', flip=True),
    dict(predictor='student', refine='mean_field'),
    dict(refine='mean_field', flip=True,
         crf_loss=dict(type='mmdet_mal.CRFLoss', zeta=.3, clamp=.1, window='full')),
    dict(decoder=dict(size_routing=False)),
    dict(decoder=dict(size_ranges='open')),
    dict(decoder=dict(num_classes=2), class_loss=dict(type='mmdet_mal.ClassLoss')),
], ids=['paper', 'mean of both, flip', 'mean field', 'full window', 'no routing',
        'open ranges', 'class branch'])
def test_the_graph_is_the_labeller(make_labeler, settings):
    labeler = make_labeler(**settings)
    graph = LabelerGraph(labeler, CROP).eval()
    crops, samples, (areas, boxes, valid) = _inputs()
    with torch.no_grad():
        wanted = labeler.infer_maps(crops, samples).prob
        found = graph(*(crops, areas, boxes, valid)[:len(graph.input_names)])
    assert found.shape == wanted.shape == (5, 16, 16)
    assert wanted.std() > .05  # else any map would do
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=0)


def test_the_boxes_area_decides_the_resolution(make_labeler):
    graph = LabelerGraph(make_labeler(), CROP).eval()
    crop = _inputs()[0][:1]
    with torch.no_grad():
        maps = [graph(crop, torch.tensor([float(area)]))
                for area in (1023, 1024, 9215, 9216)]
    assert not torch.equal(maps[0], maps[1])
    assert torch.equal(maps[1], maps[2])
    assert not torch.equal(maps[2], maps[3])


def test_what_a_graph_asks_for(make_labeler):
    assert LabelerGraph(make_labeler(), CROP).input_names == (
        'crops', 'box_areas')
    assert LabelerGraph(make_labeler(refine='mean_field'), CROP).input_names == (
        'crops', 'box_areas', 'boxes', 'valid_boxes')
