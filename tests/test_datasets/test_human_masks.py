"""Human masks reach the supervised twin's data set, and say when they cannot."""

import numpy as np
import pytest

from mmdet_mal.datasets import AnnotationError
from mmdet_mal.registry import DATASETS
from mmdet_mal.structures.rle import rle_to_mask

SQUARE = [[20, 20, 60, 20, 60, 50, 20, 50]]


def build(folder, content, **more):
    return DATASETS.build(dict(
        type='mmdet_mal.HumanMaskDataset', min_area=0, **folder.write(content),
        **more))


def test_each_sample_has_its_own_mask_and_small_boxes_none(
        folder, data, annotation):
    found = build(folder, data([
        annotation(1, segmentation=SQUARE),
        annotation(2, bbox=(0, 0, 1, 1), segmentation=None),
        annotation(3, segmentation={'size': [120, 160],
                                    'counts': [10 * 120, 120, 149 * 120]}),
        annotation(4, iscrowd=1, segmentation=None)]))
    masks = [rle_to_mask(found.get_data_info(i)['mask_rle']) for i in range(2)]
    expected = np.zeros((120, 160), bool)
    expected[20:50, 20:60] = True
    assert len(found) == 2
    assert np.array_equal(masks[0], expected)
    assert masks[1].sum() == 120 and masks[1][:, 10].all()


def test_a_subset_keeps_the_masks_of_its_samples(folder, data, annotation):
    found = build(folder, data([
        annotation(1, segmentation=SQUARE),
        annotation(2, segmentation={'size': [120, 160],
                                    'counts': [0, 5, 120 * 160 - 5]})]))
    rle = found.get_subset([1]).get_data_info(0)['mask_rle']
    assert rle_to_mask(rle).sum() == 5


@pytest.mark.parametrize('more, reason', [
    ({}, 'annotation 7: segmentation is a NoneType'),
    ({'segmentation': []}, 'no polygon of three or more points'),
    ({'segmentation': 'evil'}, 'segmentation is a str'),
    ({'segmentation': {'size': [5, 5], 'counts': [25]}}, r'RLE has size \[5, 5\]'),
    ({'segmentation': {'size': [120, 160], 'counts': [120 * 160]}},
     'covers no pixel'),
], ids=['absent', 'empty', 'text', 'other size', 'no pixel'])
def test_a_box_without_a_usable_mask_is_an_error(
        folder, data, annotation, more, reason):
    with pytest.raises(AnnotationError, match=reason) as caught:
        build(folder, data([annotation(7, **more)]))
    assert 'boxes.json' in str(caught.value)
