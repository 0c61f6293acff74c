"""What candidates say of each other, by hand."""

import numpy as np
import pytest
from discs import SIZE, disc, picture

from mmdet_mal.best_of.agreement import (pair_components, pairwise_ious,
                                         shared_components)
from mmdet_mal.best_of.view import BoxView

X, Y, R = 60, 45, 25
BOX = (X - R, Y - R, X + R, Y + R)


def view(*masks):
    return BoxView(picture([(X, Y, R)]), BOX, np.array(masks, bool))


def rectangle(x0, y0, x1, y1):
    mask = np.zeros(SIZE, bool)
    mask[y0:y1, x0:x1] = True
    return mask


TRUTH = disc(X, Y, R)
FULL = rectangle(*BOX)


def test_ious_of_pairs_by_hand():
    one, other = rectangle(0, 0, 10, 10), rectangle(5, 0, 15, 10)
    found = pairwise_ious(np.array([one, other, np.zeros(SIZE, bool)]))
    assert found[0, 1] == pytest.approx(1 / 3)
    assert np.diag(found).tolist() == [1, 1, 1]
    assert found[0, 2] == found[2, 1] == 0


def test_agreement_by_hand():
    """Two equal masks and one of a third of their IoU."""
    one, other = rectangle(40, 30, 50, 40), rectangle(45, 30, 55, 40)
    found = shared_components(view(one, one, other))
    assert found['nearest'].tolist() == [1, 1, pytest.approx(1 / 3)]
    assert found['agreement'][0] == pytest.approx((1 + 1 / 3) / 2)
    assert found['farthest'][1] == pytest.approx(1 / 3)
    assert found['vote_iou'].tolist() == [1, 1, pytest.approx(1 / 3)]


def test_one_candidate_agrees_with_nobody():
    assert all(values.tolist() == [.5]
               for values in shared_components(view(TRUTH)).values())


def test_colours_settle_a_dispute_in_favour_of_the_object():
    """The half loses the other half of the disc, the box wins corners."""
    half = TRUTH & (np.arange(SIZE[1]) < X)[None]
    pairs = pair_components(view(TRUTH, half, FULL))
    assert pairs['colour'][0, 1] > .9 and pairs['colour'][0, 2] > .9
    assert pairs['place'][0, 2] > .5
    for name in ('colour', 'place'):
        assert np.allclose(pairs[name] + pairs[name].T, 1), name
    assert np.argmax(shared_components(
        view(TRUTH, half, FULL))['dispute_colour']) == 0
