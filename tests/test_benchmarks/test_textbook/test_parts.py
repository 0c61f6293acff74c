"""Attention, losses and grouping of the textbook, worked out by hand."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from benchmarks.textbook.grouping import covered, group, repeated_edge
from benchmarks.textbook.labelling import Rules, mask_of, with_ellipse
from benchmarks.textbook.losses import EPS, dice, mil_loss
from benchmarks.textbook.network import attention
from mmdet_mal.models.box_geometry import covered_cells
from mmdet_mal.models.token_grouping import group_tokens, repeat_edge


def test_attention_is_the_fused_one():
    q, k, v = torch.randn(3, 2, 3, 7, 8, generator=torch.manual_seed(0))
    torch.testing.assert_close(attention(q, k, v),
                               F.scaled_dot_product_attention(q, k, v))


def test_dice_by_hand():
    p, t = torch.tensor([[1., .5, 0.]]), torch.tensor([[1., 1., 0.]])
    assert dice(p, t).item() == pytest.approx(
        1 - 2 * 1.5 / (1.25 + 2 + 2 * EPS), abs=1e-6)


def test_mil_by_hand():
    # A box of one pixel in 2 x 2, the mask right: all bags right.
    box = torch.tensor([[[True, False], [False, False]]])
    logits = torch.where(box, 30., -30.)
    valid = torch.ones_like(box)
    assert mil_loss(logits, box, valid).item() == pytest.approx(
        1 - 4 / (4 + 2 * EPS), abs=1e-6)
    # All pixels on: bags 1, 1, 1, 1 against 1, 0, 1, 0.
    assert mil_loss(logits.abs(), box, valid).item() == pytest.approx(
        1 - 4 / (6 + 2 * EPS), abs=1e-6)


def test_grouping_is_the_products_up_to_its_tolerance():
    generator = torch.manual_seed(1)
    tokens = torch.randn(4, 16, 6, 5, generator=generator)
    inside = torch.zeros(4, 6, 5, dtype=torch.bool)
    inside[:, 1:4, 1:4] = True
    tokens[:, :3, 2:4, 2:4] += 3  # an object in the box
    valid = torch.ones_like(inside)
    valid[2:, :, 4] = False
    own = group_tokens(tokens, inside, valid)
    for i in range(4):
        plain = group(tokens[i], inside[i], valid[i], 10., 4)
        torch.testing.assert_close(own[i], plain, rtol=0, atol=2e-3)


@pytest.mark.parametrize('box', [(8., 4., 40., 60.), (17., 17., 18., 40.)])
def test_covered_cells_are_those_of_the_product(box):
    own = covered_cells(torch.tensor([box]), (4, 4), (64, 64))[0]
    assert torch.equal(covered(box, (4, 4), (64, 64)), own)


def test_scores_beyond_the_image_repeat_the_nearest():
    scores = torch.arange(12.).reshape(3, 4)
    valid = torch.zeros(3, 4, dtype=torch.bool)
    valid[1:, :3] = True
    plain = repeated_edge(scores, valid)
    assert plain.tolist() == [[4, 5, 6, 6], [4, 5, 6, 6], [8, 9, 10, 10]]
    assert torch.equal(plain, repeat_edge(scores[None], valid[None])[0])


def test_a_mask_is_pasted_where_its_window_lies():
    prob = np.array([[.9, .1], [.9, .9]], np.float32)
    mask = mask_of(prob, (-1, 2, 1, 4), (0., 0., 3., 3.), (5, 4), Rules())
    # Of the window, the right column lies in the image; of that, row 2 in the box.
    assert mask.shape == (5, 4) and mask.sum() == 9  # empty: the box
    prob[0, 1] = .9
    mask = mask_of(prob, (-1, 2, 1, 4), (0., 0., 3., 3.), (5, 4), Rules())
    assert np.argwhere(mask).tolist() == [[2, 0]]


def test_the_ellipse_raises_the_centre_and_lowers_the_corners():
    even = np.full((4, 4), .5, np.float32)
    prob = with_ellipse(even, (10, 20), (10., 20., 14., 24.), 2.)
    # Centres of the corners lie 1.5 of 2 half-axes away in both directions.
    assert prob[0, 0] == pytest.approx(1 / (1 + np.exp(-2 * (1 - 2 * .75**2))))
    assert prob[1, 1] == pytest.approx(1 / (1 + np.exp(-2 * (1 - 2 * .25**2))))
