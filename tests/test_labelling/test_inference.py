"""From a map to the sample that hooks read."""

import numpy as np
import pytest
from mmdet.structures import DetDataSample

from mmdet_mal.labelling.inference import annotate_sample
from mmdet_mal.labelling.postprocess import MaskOptions
from mmdet_mal.quality import MaskQuality
from mmdet_mal.quality.features import ALWAYS

PARTS = {name: .6 for name in ALWAYS if name not in ('box_fill', 'tightness')}


def annotated(parts=None, quality=None, prob=.9, **meta):
    sample = DetDataSample(metainfo=dict(
        bbox=np.array([2, 2, 8, 8], np.float32), ori_shape=(12, 12),
        crop_window=np.array([0, 0, 10, 10]), **meta))
    annotate_sample(sample, np.full((10, 10), prob, np.float32), MaskOptions(),
                    parts, quality)
    return sample.pred_instances


def test_components_are_stored_and_do_not_change_the_mask():
    bare, full = annotated(), annotated(PARTS, box_overlap=.25)
    assert bare.masks == full.masks and bare.areas == full.areas
    assert full.mal[0] == {**bare.mal[0], **PARTS, 'box_overlap': .25}
    assert 'box_overlap' not in bare.mal[0]


def test_score_is_that_of_the_quality():
    assert annotated().scores.item() == pytest.approx(np.sqrt(.9))
    assert annotated(PARTS).scores.item() == pytest.approx(.6)
    quality = MaskQuality('coco_mini')
    calibrated = annotated(PARTS, quality, box_overlap=.25)
    assert calibrated.scores.item() == pytest.approx(quality(calibrated.mal[0]))


def test_a_fallback_scores_0_whatever_its_components():
    found = annotated(PARTS, MaskQuality('coco_mini'), prob=.1)
    assert found.scores.item() == 0 and found.mal[0]['fallback'] == 'empty_mask'
