"""A batch of windows in few tensors."""

import pickle

import numpy as np
import pytest
import torch
from mmdet.structures.bbox import HorizontalBoxes

from mmdet_mal.datasets.windows import (ColourDraw, CutWindow, PackWindow,
                                        WindowBatch, collate_windows)
from mmdet_mal.datasets.windows.sampled_window import SampledWindow
from mmdet_mal.registry import FUNCTIONS


def sample(height, width, size=(32, 32), steps=(), **kwargs):
    img = np.full((height, width, 3), 7, np.uint8)
    results = dict(img=img, bbox=np.float32([1, 1, 9, 9]), label=3,
                   crop_window=np.array([0, 0, width, height]), **kwargs)
    results = CutWindow(size, max_shrink=9)(results)
    window = results['window']
    results['window'] = SampledWindow(window.pixels, window.axes, window.size,
                                      window.padding, ColourDraw(tuple(steps)))
    return PackWindow(meta_keys=('img_shape', 'valid_bbox'))(results)


def test_by_hand():
    batch = collate_windows([
        sample(20, 70, steps=[(0, 'contrast', 1.1), (1, 'hue', 9.)]),
        sample(65, 30, steps=[(0, 'hue', 3.), (5, 'blur', 1.4)]),
        sample(10, 10, steps=[(0, 'contrast', .9), (5, 'blur', .2)])])
    inputs = batch['inputs']
    assert len(inputs) == 3
    # Padded to multiples of 64, with 0.
    assert inputs.pixels.shape == (3, 128, 128, 3)
    assert inputs.pixels[0, :20, :70].eq(7).all()
    assert inputs.pixels.sum() == 7 * 3 * (20 * 70 + 65 * 30 + 10 * 10)
    assert inputs.axes[1].tolist() == [[65, 0, 65, 0], [30, 0, 30, 0]]
    # 65 rows and 70 columns for 32: ceil(2.03) + 1 taps.
    assert inputs.taps == (4, 4)
    assert inputs.steps == (('contrast', 0, 2), ('hue', 2, 3), ('hue', 3, 4),
                            ('blur', 4, 6))
    assert inputs.rows.tolist() == [0, 2, 1, 0, 1, 2]
    assert inputs.values.tolist() == pytest.approx([1.1, .9, 3, 9, 1.4, .2])
    assert inputs.blur_reach == 2
    assert inputs.labels.tolist() == [3, 3, 3]
    assert inputs.boxes.shape == (3, 4)
    assert [s.img_shape for s in batch['data_samples']] == [(32, 32)] * 3


def test_without_changes_of_colour():
    inputs = collate_windows([sample(8, 8)])['inputs']
    assert inputs.steps == () and inputs.blur_reach == 0
    assert inputs.taps == (2, 2)


def test_it_is_found_by_name_and_survives_a_worker():
    collate = FUNCTIONS.get('mmdet_mal.collate_windows')
    batch = pickle.loads(pickle.dumps(collate([sample(8, 8)])))
    assert isinstance(batch['inputs'], WindowBatch)
    moved = batch['inputs'].to('cpu')
    assert torch.equal(moved.pixels, batch['inputs'].pixels)
    assert moved.steps == batch['inputs'].steps


def test_the_flip_reaches_the_window():
    img = np.zeros((8, 8, 3), np.uint8)
    results = CutWindow((8, 8))(dict(
        img=img, bbox=np.float32([1, 1, 3, 3]),
        crop_window=np.array([0, 0, 8, 8])))
    packed = PackWindow(meta_keys=())(
        dict(results, flip_direction='horizontal'))
    assert packed['inputs'].axes[:, 3].tolist() == [0, 1]
    boxes = packed['data_samples'].gt_instances.bboxes
    assert isinstance(boxes, HorizontalBoxes)


def test_crops_of_two_sizes_are_no_batch():
    with pytest.raises(ValueError, match='one size'):
        collate_windows([sample(8, 8), sample(8, 8, size=(16, 16))])
