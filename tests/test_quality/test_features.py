"""What is weighed."""

import pytest

from mmdet_mal.quality.features import (
    ALWAYS,
    OPTIONAL,
    feature_names,
    quality_features,
)


def test_features_are_the_components_that_are_there_and_a_product():
    found = quality_features(dict(box_overlap=.5, box_fill=.25, stability=.9,
                                  mask_score=.7, fallback=None))
    assert found == dict(stability=.9, box_fill=.25, box_overlap=.5,
                         overlap_fill=.125)


def test_values_are_those_of_a_masks_json():
    assert quality_features(dict(entropy=.1234567)) == dict(entropy=.12346)


@pytest.mark.parametrize('left_out', [*OPTIONAL, None])
def test_names_are_in_one_order_whatever_the_order_of_the_components(left_out):
    names = [name for name in (*ALWAYS, *OPTIONAL) if name != left_out]
    ordered = feature_names(names)
    assert ordered == feature_names(reversed(names))
    assert ('overlap_fill' in ordered) == (left_out != 'box_overlap')
    assert [n for n in ordered if n != 'overlap_fill'] == names
