"""Records of single boxes."""

import json

import numpy as np
import pytest
import torch

from mmdet_mal.labelling.records import make_failure, make_record
from mmdet_mal.structures.rle import bbox_rle

RLE = bbox_rle((1, 1, 4, 3), (8, 9))


def test_record_is_plain_json():
    record = make_record(np.int64(7), RLE, torch.tensor(.123456789),
                         dict(fallback=None, a=np.float32(.25), b=torch.tensor(2),
                              c=dict(d=[np.bool_(True)])))
    assert record == dict(id=7, segmentation=RLE, area=6, score=.12346,
                          mal=dict(a=.25, b=2, c=dict(d=[True])))
    assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_fallback_is_kept_when_set():
    record = make_record(7, RLE, 0, dict(fallback='empty_mask'))
    assert record['mal'] == dict(fallback='empty_mask')


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_values_that_are_not_finite_become_zero(value):
    record = make_record(7, RLE, value, dict(stability=value))
    assert record['score'] == 0 and record['mal'] == dict(stability=0)


def test_failure_keeps_kinds_and_sentences():
    assert make_failure(7, 'box_too_large') == dict(
        id=7, fallback='box_too_large', reason='box_too_large')
    assert make_failure(7, 'a.jpg: image not found') == dict(
        id=7, fallback='image_unreadable', reason='a.jpg: image not found')
