"""Textbook and product write the same masks JSON.

Accepted difference: the product's mean field stops when no probability moves by
more than the preset's tolerance; the textbook runs all rounds.
"""

import json

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from benchmarks.labelling import agreement, ours, textbook
from benchmarks.same_model import build_ours

PIXELS = .999  # share of the boxes' pixels on which masks must agree


@pytest.fixture
def small_labels(tiny_config, trained_model, drawn, tmp_path):
    return (textbook(tiny_config, trained_model, drawn, tmp_path, 0)(),
            ours(tiny_config, trained_model, tmp_path)())


def check(paths, source):
    plain, own = (json.loads(path.read_text()) for path in paths)
    given = json.loads(source.read_text())
    assert [a['id'] for a in own['annotations']] == [
        a['id'] for a in plain['annotations']] == [
        a['id'] for a in given['annotations']]
    for mine, theirs, box in zip(own['annotations'], plain['annotations'],
                                 given['annotations'], strict=True):
        for key in box.keys() - {'area'}:
            assert mine[key] == theirs[key] == box[key]
        assert mine['segmentation']['size'] == theirs['segmentation']['size']
        assert mine['area'] == coco_mask.area(mine['segmentation'])
        assert theirs['area'] == coco_mask.area(theirs['segmentation'])
    agrees = agreement(*paths)
    assert agrees['pixels'] >= PIXELS
    assert agrees['iou'] >= PIXELS
    # Masks that are all of their box would agree without showing anything.
    fills = [a['area'] / (a['bbox'][2] * a['bbox'][3])
             for a in own['annotations']]
    assert np.mean(np.array(fills) < .98) > .5 and np.std(fills) > .01


def test_the_small_preset_labels_as_the_textbook_does(small_labels, drawn):
    check(small_labels, drawn.ann_file)


def test_the_instant_preset_labels_as_the_textbook_does(
        tiny_instant, drawn, tmp_path):
    model = build_ours(tiny_instant).eval()
    check((textbook(tiny_instant, model, drawn, tmp_path, 0)(),
           ours(tiny_instant, model, tmp_path)()), drawn.ann_file)


def test_agreement_counts_the_pixels_that_differ(tmp_path):
    def write(name, bbox):
        rle = coco_mask.frPyObjects(np.array([bbox], float), 10, 10)[0]
        rle['counts'] = rle['counts'].decode()
        path = tmp_path / name
        path.write_text(json.dumps(dict(annotations=[
            dict(id=1, bbox=[0, 0, 10, 10], segmentation=rle)])))
        return path

    whole, half = write('a', [0, 0, 10, 10]), write('b', [0, 0, 5, 10])
    assert agreement(whole, whole) == dict(pixels=1, iou=1, worst_iou=1)
    assert agreement(whole, half) == dict(pixels=.5, iou=.5, worst_iou=.5)
