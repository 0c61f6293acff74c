"""On real crops the labels are those of the textbook."""

import pytest
from benchmarks.mean_field import (CASES, constants_of, crops_of, equal_labels,
                                   forced, paths_here)
from benchmarks.textbook import mean_field as textbook

from mmdet_mal.models.mean_field import crf_marginals


@pytest.mark.parametrize('case', CASES[:2], ids=lambda case: case.title)
def test_labels_of_photographs_equal_those_of_a_hundred_rounds(
        case, tmp_path, coco_mini_root, deit_weights):
    crops, what = crops_of(case, tmp_path)
    assert 'coco_mini' in what and len(crops[0]) == case.crops
    constants = constants_of(case)
    fixed = {k: v for k, v in constants.items() if k != 'tolerance'}
    wanted = textbook.crf_marginals(*crops, **fixed)
    # Some, but not all: the crops are worth comparing.
    assert .05 < (wanted > .5).float().mean() < .95
    assert equal_labels(crops[0], wanted) < .99
    for path in paths_here():
        found = forced(path, lambda: crf_marginals(*crops, **constants))()
        assert equal_labels(found, wanted) >= .999
