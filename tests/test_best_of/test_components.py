"""Each component by hand, and what all of them promise."""

import numpy as np
import pytest
from discs import SIZE, disc, picture

from mmdet_mal.best_of.agreement import SHARED, shared_components
from mmdet_mal.best_of.components import OWN, own_components
from mmdet_mal.best_of.view import BoxView

X, Y, R = 60, 45, 25
BOX = (X - R, Y - R, X + R, Y + R)


def view(*masks, image=None, box=BOX):
    image = picture([(X, Y, R)]) if image is None else image
    return BoxView(image, box, np.array(masks, bool))


def own(mask, **more):
    return {name: float(values[0])
            for name, values in own_components(view(mask, **more)).items()}


def rectangle(x0, y0, x1, y1):
    mask = np.zeros(SIZE, bool)
    mask[y0:y1, x0:x1] = True
    return mask


TRUTH = disc(X, Y, R)
FULL = rectangle(*BOX)


def test_the_object_beats_box_and_fragment_where_the_picture_speaks():
    truth, full, half = own(TRUTH), own(FULL), own(TRUTH & (
        np.arange(SIZE[1]) < X)[None])
    for name in ('edge', 'rim_contrast', 'colour_gap', 'colour_fit'):
        assert truth[name] > full[name], name
    for name in ('colour_gap', 'colour_fit', 'tightness'):
        assert truth[name] > half[name], name
    # What the half leaves of the box is object: unlike the surroundings.
    assert truth['left_out'] > half['left_out']


def test_the_box_by_hand():
    found = own(FULL)
    assert found['tightness'] == 1
    assert found['fill_prior'] == pytest.approx(1 / 3)  # 1 - (1 - .6) / .6
    assert found['spill'] == found['gap'] == found['holes'] == 0
    assert found['parts'] == 1 and found['left_out'] == 0
    assert found['convexity'] == pytest.approx(1)


def test_a_quarter_of_the_box_by_hand():
    """Touches the left and the upper side; half the box away from the others."""
    found = own(rectangle(BOX[0], BOX[1], X, Y))
    assert found['fill_prior'] == pytest.approx(.25 / .6)
    assert found['tightness'] == .5
    assert found['gap'] == pytest.approx((.5 + .5) / 4)


def test_parts_holes_and_spill_by_hand():
    two = rectangle(40, 30, 50, 40) | rectangle(60, 30, 90, 40)
    assert own(two)['parts'] == .75
    # 30 x 10 px, of which five columns stick out of the box on the right.
    assert own(two)['spill'] == pytest.approx(50 / 400)
    ring = rectangle(40, 30, 60, 50) & ~rectangle(45, 35, 55, 45)
    assert own(ring)['holes'] == pytest.approx(100 / 400)


def test_a_mask_beside_the_box_is_all_spill():
    found = own(rectangle(0, 0, 10, 10))
    assert (found['spill'], found['gap'], found['fill_prior']) == (1, 1, 0)


def test_an_empty_mask_has_nothing_to_say():
    found = own(np.zeros(SIZE, bool))
    assert found.pop('gap') == 1
    assert set(found.values()) == {0.}


@pytest.mark.parametrize('image', [
    np.zeros((*SIZE, 3), np.uint8), np.full((*SIZE, 3), 255, np.uint8),
    np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8),
], ids=['black', 'white', 'noise'])
@pytest.mark.parametrize('mask', [
    TRUTH, FULL, np.ones(SIZE, bool), rectangle(60, 45, 61, 46),
    rectangle(0, 0, 120, 1), TRUTH & (np.indices(SIZE).sum(0) % 2 == 0),
], ids=['disc', 'box', 'all', 'pixel', 'row', 'chequers'])
def test_every_component_is_finite_and_bounded(image, mask):
    found = view(mask, FULL, np.zeros(SIZE, bool), image=image)
    table = {**own_components(found), **shared_components(found)}
    assert set(table) == {*OWN, *SHARED}
    for name, values in table.items():
        assert values.shape == (3, ), name
        assert np.isfinite(values).all(), name
        assert ((0 <= values) & (values <= 1)).all(), name


def test_a_component_of_its_own_does_not_depend_on_the_others():
    alone = own_components(view(TRUTH))
    among = own_components(view(FULL, TRUTH, np.ones(SIZE, bool)))
    for name, values in alone.items():
        assert values[0] == among[name][1], name
