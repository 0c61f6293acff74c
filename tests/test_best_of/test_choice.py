"""Of several masks a box keeps the best by the scale."""

import json

import numpy as np
import pytest
from discs import SIZE, disc, picture, rle_of

from mmdet_mal.best_of.choice import choose, vote
from mmdet_mal.best_of.scorer import MaskScorer, shipped_scales
from mmdet_mal.structures.rle import rle_to_mask
from mmdet_mal.utils.errors import UserError


X, Y, R = 60, 45, 25
BBOX = (X - R, Y - R, 2 * R, 2 * R)
TRUTH = disc(X, Y, R)
MASKS = {
    'half': rle_of(TRUTH & (np.arange(SIZE[1]) < X)[None]),
    'truth': rle_of(TRUTH),
    'ellipse': rle_of(disc(X, Y, R - 6)),
}
IMAGE = picture([(X, Y, R)])


@pytest.fixture
def scorer(scale):
    return MaskScorer.load(scale)


def test_the_object_is_kept_whatever_the_order(scorer):
    for names in (['half', 'truth', 'ellipse'], ['truth', 'ellipse', 'half']):
        found = choose(IMAGE, BBOX, {n: MASKS[n] for n in names}, scorer)
        assert found.source == 'truth' and found.rle == MASKS['truth']
        assert found.score == max(found.scores.values())
        assert set(found.scores) == set(names)


def test_of_equal_masks_the_first_is_kept(scorer):
    found = choose(IMAGE, BBOX, dict(b=MASKS['truth'], a=MASKS['truth']), scorer)
    assert found.source == 'b' and found.scores['a'] == found.scores['b']


def test_a_single_candidate_is_kept(scorer):
    for rule in ('best', 'vote'):
        assert choose(IMAGE, BBOX, dict(one=MASKS['half']), scorer,
                      rule).source == 'one'


def test_the_vote_of_equal_scores_is_the_majority():
    rles = [rle_of(disc(X, Y, r)) for r in (10, 15, 20)]
    found = vote(rles, np.full(3, .5), BBOX)
    assert np.array_equal(rle_to_mask(found), disc(X, Y, 15))


def test_a_much_better_score_outvotes_two():
    rles = [rle_of(disc(X, Y, r)) for r in (10, 10, 20)]
    found = vote(rles, np.array([.3, .3, .9]), BBOX)
    assert np.array_equal(rle_to_mask(found), disc(X, Y, 20))


def test_a_vote_that_nothing_wins_is_none_and_the_best_is_kept(scorer):
    corners = [np.zeros(SIZE, bool) for _ in range(3)]
    for mask, x in zip(corners, (40, 60, 80), strict=True):
        mask[30:40, x:x + 4] = True
    rles = {str(i): rle_of(mask) for i, mask in enumerate(corners)}
    assert vote(list(rles.values()), np.full(3, .5), BBOX) is None
    assert choose(IMAGE, BBOX, rles, scorer, 'vote').source in rles


def test_an_unknown_rule_is_an_error(scorer):
    with pytest.raises(ValueError, match="'best' or 'vote'"):
        choose(IMAGE, BBOX, MASKS, scorer, 'worst')


def test_shipped_scales_load_and_score():
    assert 'coco_mini' in shipped_scales()
    scorer = MaskScorer.load('coco_mini')
    assert scorer.details['fitted_on']
    found = choose(IMAGE, BBOX, MASKS, scorer)
    assert found.source == 'truth'
    assert 0 < found.scores['ellipse'] < found.score <= 1


@pytest.mark.parametrize('change, reason', [
    (lambda c: c.pop('variant'), 'variant'),
    (lambda c: c['variant'].update(features=['evil'] * 19), 'wants evil'),
    (lambda c: c['variant'].update(weights=[1]), 'weights'),
], ids=['absent', 'unknown component', 'too few weights'])
def test_a_broken_scale_says_so(scale, change, reason):
    content = json.loads(open(scale).read())
    change(content)
    with pytest.raises(UserError, match=reason):
        MaskScorer(content)


@pytest.mark.parametrize('name', ['no_such', '../coco_mini', 'no/such.json', ''])
def test_a_scale_that_is_not_there_says_what_there_is(name):
    with pytest.raises(UserError, match='shipped: coco_mini'):
        MaskScorer.load(name)


def test_a_scale_that_is_no_json_says_so(tmp_path):
    path = tmp_path / 'scale.json'
    path.write_text('{')
    with pytest.raises(UserError, match='cannot be read as a scale'):
        MaskScorer.load(str(path))
