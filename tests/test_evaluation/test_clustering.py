"""The clustering score by hand, and what must not change it."""

import math

import numpy as np
import pytest
import torch

from mmdet_mal.evaluation.clustering import (clustering_score,
                                             one_centre_score, token_grid)


def maps(*tokens):
    """One crop of a row of tokens, each a tuple of its channels."""
    return torch.tensor(tokens, dtype=torch.float32).T[None, :, None]


def side(*inside):
    return torch.tensor(inside, dtype=torch.bool)[None, None]


def test_tokens_that_lie_at_their_centre_score_0():
    tokens = maps((1, 0), (3, 0), (0, 2), (0, 5))
    assert clustering_score(tokens, side(1, 1, 0, 0)).item() == pytest.approx(0)


def test_by_hand():
    # Inside (1, 0) and (0, 1): the centre points to (1, 1) / sqrt 2, and each is
    # 2 - 2 cos 45° away; outside both are (1, 0): 0.  Mean over four tokens.
    tokens = maps((1, 0), (0, 1), (1, 0), (1, 0))
    expected = (2 - math.sqrt(2)) / 2
    score = clustering_score(tokens, side(1, 1, 0, 0))
    assert score.item() == pytest.approx(expected)


def test_centre_is_of_the_features_as_they_are():
    # Inside (3, 0) and (0, 4): the mean points to (3, 4) / 5, so the squared
    # distances are 2 - 2 * .6 and 2 - 2 * .8; with normalised features it would
    # be the diagonal.  Outside one token at its own centre.
    tokens = maps((3, 0), (0, 4), (7, 7))
    expected = ((2 - 1.2) + (2 - 1.6)) / 3
    assert clustering_score(tokens, side(1, 1, 0)).item() == pytest.approx(
        expected)


def test_opposite_features_have_no_centre():
    # Their mean is 0, which has no direction: each is 1 from it.
    tokens = maps((1, 0), (-1, 0), (0, 1))
    assert clustering_score(tokens, side(1, 1, 0)).item() == pytest.approx(2 / 3)


def test_one_centre_by_hand():
    # Without the mask: both tokens 45° from the common centre.
    tokens = maps((1, 0), (0, 1))
    assert clustering_score(tokens, side(1, 0)).item() == pytest.approx(0)
    assert one_centre_score(tokens, side(1, 0)).item() == pytest.approx(
        2 - math.sqrt(2))


def test_tokens_of_padding_take_no_part():
    tokens = maps((1, 0), (0, 1), (5, -9), (-3, 2))
    with_padding = clustering_score(tokens, side(1, 0, 1, 0),
                                    valid=side(1, 1, 0, 0))
    assert with_padding.item() == pytest.approx(0)
    cut = clustering_score(tokens[..., :2], side(1, 0))
    assert with_padding.item() == pytest.approx(cut.item())


@pytest.mark.parametrize('inside, valid', [
    ((0, 0, 0), (1, 1, 1)), ((1, 1, 1), (1, 1, 1)), ((1, 0, 0), (0, 1, 1)),
    ((1, 0, 0), (0, 0, 0))], ids=['empty', 'full', 'hidden', 'nothing'])
def test_crop_of_one_side_has_no_score(inside, valid):
    tokens = maps((1, 0), (0, 1), (1, 1))
    for score in (clustering_score, one_centre_score):
        assert score(tokens, side(*inside), side(*valid)).isnan().all()


@pytest.mark.parametrize('change', [
    lambda t, m: (7 * t, m),                       # scale
    lambda t, m: (t, ~m),                          # which side is the object
    lambda t, m: (t.flip(1), m),                   # order of the channels
    lambda t, m: (t.flip(-1), m.flip(-1)),         # order of the tokens
    lambda t, m: (t.transpose(2, 3), m.transpose(1, 2)),
], ids=['scale', 'sides', 'channels', 'mirror', 'transpose'])
def test_what_does_not_matter(change):
    generator = torch.Generator().manual_seed(3)
    tokens = torch.randn(4, 6, 5, 7, generator=generator)
    mask = torch.rand(4, 5, 7, generator=generator) > .5
    before = clustering_score(tokens, mask)
    assert torch.allclose(clustering_score(*change(tokens, mask)), before)
    assert ((before >= 0) & (before <= 4)).all()


def test_crops_of_a_batch_do_not_see_each_other():
    generator = torch.Generator().manual_seed(4)
    tokens = torch.randn(3, 4, 6, 6, generator=generator)
    mask = torch.rand(3, 6, 6, generator=generator) > .5
    alone = torch.cat([clustering_score(tokens[i:i + 1], mask[i:i + 1])
                       for i in range(3)])
    assert torch.allclose(clustering_score(tokens, mask), alone)


def test_the_true_mask_beats_another():
    generator = torch.Generator().manual_seed(5)
    true = torch.zeros(1, 8, 8, dtype=torch.bool)
    true[:, 2:6, 3:7] = True
    tokens = torch.where(true[:, None], 1., -1.) + .5 * torch.randn(
        1, 8, 8, 8, generator=generator)
    score = clustering_score(tokens, true)
    assert score < one_centre_score(tokens, true)
    assert score < clustering_score(tokens, true.roll(3, dims=1))


@pytest.mark.parametrize('tokens, inside, valid', [
    (torch.zeros(1, 2, 3), torch.zeros(1, 3, dtype=bool), None),
    (torch.zeros(1, 2, 3, 3), torch.zeros(1, 3, 4, dtype=bool), None),
    (torch.zeros(1, 2, 3, 3), torch.zeros(1, 3, 3, dtype=bool),
     torch.zeros(2, 3, 3, dtype=bool))])
def test_shapes_that_do_not_fit(tokens, inside, valid):
    with pytest.raises(ValueError, match='expected'):
        clustering_score(tokens, inside, valid)


def test_token_grid_takes_what_is_covered_by_half_or_more():
    mask = np.zeros((4, 6), bool)
    mask[:2, :2] = True         # all of the first token
    mask[0, 2:4] = True         # half of the second
    mask[2, 4] = True           # a quarter of the last
    assert token_grid(mask, (2, 3)).tolist() == [[True, True, False],
                                                 [False, False, False]]
