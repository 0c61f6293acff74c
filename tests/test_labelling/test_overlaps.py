"""Whose pixels are those that two masks claim, by hand."""

import numpy as np
import pytest

from mmdet_mal.labelling.overlaps import Claim, resolve_overlaps


def row(start, end, score=.5, category=1, box=None):
    """A mask of one image row, from column ``start`` to ``end``."""
    return Claim(np.ones((1, end - start), bool), (start, 3),
                 box or (start, 3, end - start, 1), category, score)


def columns(claim, pixels):
    """Image columns of the pixels of a mask of one row."""
    return (np.flatnonzero(pixels[0]) + claim.offset[0]).tolist()


def resolved(claims, owner, among='all', max_loss=1.):
    return {index: columns(claims[index], pixels) for index, pixels
            in resolve_overlaps(claims, owner, among, max_loss).items()}


# Columns 6 to 9 belong to both; their centres are 5 and 11.
PAIR = [row(0, 10, .9), row(6, 16, .4)]


def test_near_splits_half_way_between_the_centres():
    assert resolved(PAIR, 'near') == {0: list(range(8)), 1: list(range(8, 16))}


def test_score_gives_all_to_the_better():
    assert resolved(PAIR, 'score') == {1: list(range(10, 16))}
    assert resolved([row(0, 10, None), row(6, 16, .1)], 'score') == {
        0: list(range(6))}


def test_both_must_agree():
    # Columns 8 and 9 are nearer to the second, which has the lower score: both keep.
    assert resolved(PAIR, 'both') == {1: list(range(8, 16))}


def test_distances_are_in_sizes_of_the_box():
    # A box of 30 px reaches further than one of 4.
    claims = [row(0, 30, box=(0, 3, 30, 1)), row(24, 28, box=(24, 3, 4, 1))]
    found = resolved(claims, 'near')
    # Squares apart, .63 .70 .77 .83 against .75 .25 .25 .75 in columns 24 to 27.
    assert found == {0: [*range(25), 28, 29], 1: [25, 26, 27]}


def test_other_classes_do_not_compete():
    claims = [row(0, 10, .9, 1), row(6, 16, .4, 2)]
    assert resolved(claims, 'score', 'same-class') == {}
    assert resolved(claims, 'score', 'all') == {1: list(range(10, 16))}


@pytest.mark.parametrize('max_loss, changes', [(.39, {}), (.4, {1})])
def test_a_mask_that_would_lose_too_much_keeps_all(max_loss, changes):
    assert set(resolved(PAIR, 'score', max_loss=max_loss)) == set(changes)


def test_a_mask_is_never_emptied():
    claims = [row(0, 10, .9), row(2, 6, .4)]
    # All of the second is the first's; the default share forbids it.
    assert resolve_overlaps(claims, 'score', 'all') == {}


def test_three_masks_have_one_owner_a_pixel():
    rng = np.random.default_rng(0)
    claims = []
    for score in (.2, .5, .8):
        x, y = rng.integers(0, 6, 2)
        claims.append(Claim(rng.random((8, 9)) < .8, (int(x), int(y)),
                            # No pixel is as near to one box as to another.
                            (x + score / 7, y + score / 3, 9, 8), 1, score))
    for owner in ('near', 'score'):
        found = resolve_overlaps(claims, owner, 'all', 1.)
        owners, union = np.zeros((20, 20), int), np.zeros((20, 20), bool)
        for index, claim in enumerate(claims):
            (x, y), pixels = claim.offset, found.get(index, claim.pixels)
            owners[y:y + 8, x:x + 9] += pixels
            union[y:y + 8, x:x + 9] |= claim.pixels
            assert not (pixels & ~claim.pixels).any()
        assert (owners == union).all()
        # The order of the masks decides nothing.
        turned = resolve_overlaps(claims[::-1], owner, 'all', 1.)
        assert {2 - k for k in turned} == set(found)
        assert all((turned[2 - k] == found[k]).all() for k in found)


def test_masks_apart_stay_as_they_are():
    assert resolve_overlaps([row(0, 4), row(4, 9)], 'near', 'all') == {}
    # Windows that overlap, pixels that do not.
    one = Claim(np.array([[True, False]]), (0, 0), (0, 0, 2, 1), 1, .5)
    other = Claim(np.array([[False, True]]), (0, 0), (0, 0, 2, 1), 1, .4)
    assert resolve_overlaps([one, other], 'score', 'all') == {}
    assert resolve_overlaps([], 'score', 'all') == {}


def test_an_empty_mask_claims_nothing():
    empty = Claim(np.zeros((0, 0), bool), (0, 0), (0, 3, 5, 1), 1, 1.)
    assert resolve_overlaps([empty, row(0, 5, .1)], 'score', 'all') == {}


@pytest.mark.parametrize('rule', [('best', 'all'), ('score', 'some')])
def test_unknown_rules_are_refused(rule):
    with pytest.raises(ValueError, match='expected one of'):
        resolve_overlaps(PAIR, *rule)
