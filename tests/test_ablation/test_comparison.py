import math

import numpy as np
import pytest

from mmdet_mal.ablation.comparison import compare
from mmdet_mal.utils.errors import UserError

SMALL, LARGE = 10.**2, 100.**2


def columns(*ious, areas=(SMALL, SMALL, LARGE, LARGE), ann_ids=(1, 2, 3, 4)):
    return dict(ann_ids=np.array(ann_ids), image_ids=np.array([1, 1, 2, 2]),
                box_areas=np.array(areas), ious=np.array(ious))


def test_means_by_hand():
    score = compare({0: columns(.2, .4, .6, .8), 1: columns(.4, .6, .8, 1.)}, None)
    assert score['all'].miou == pytest.approx(.6)
    # Over seeds .5 and .7: standard deviation .2 / sqrt(2).
    assert score['all'].spread == pytest.approx(.2 / math.sqrt(2))
    assert score['small'].miou == pytest.approx(.4) and score['small'].boxes == 2
    assert math.isnan(score['medium'].miou) and score['medium'].boxes == 0
    assert math.isnan(score['all'].difference)
    # Two images: the interval reaches from the worse one's mean to the better's.
    assert (score['all'].low, score['all'].high) == pytest.approx((.4, .8))


def test_the_difference_is_paired_by_box_and_seed():
    base = {0: columns(.1, .2, .3, .4), 2: columns(0., 0., 0., 0.)}
    row = {0: columns(.2, .3, .5, .6), 1: columns(1., 1., 1., 1.)}
    score = compare(row, base)['all']
    # Seed 0 alone is common: +.1 in image 1, +.2 in image 2.
    assert score.difference == pytest.approx(.15)
    assert (score.difference_low, score.difference_high) == pytest.approx((.1, .2))


def test_no_common_seed_gives_no_difference():
    score = compare({1: columns(1., 1., 1., 1.)}, {0: columns(0., 0., 0., 0.)})
    assert math.isnan(score['all'].difference)


def test_one_seed_has_no_spread():
    assert math.isnan(compare({0: columns(1., 0., 1., 0.)}, None)['all'].spread)


def test_scores_of_different_boxes_are_refused():
    with pytest.raises(UserError, match='different boxes'):
        compare({0: columns(1., 1., 1., 1.)},
                {0: columns(1., 1., 1., 1., ann_ids=(1, 2, 3, 5))})
