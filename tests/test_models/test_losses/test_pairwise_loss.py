"""Colour-similarity loss: pairs by hand and written out, gradients, bounds."""
import itertools
import math

import pytest
import torch

from mmdet_mal.models.losses import PairwiseLoss
from mmdet_mal.models.losses.pairwise_loss import different_labels

STEPS = [step for step in itertools.product((-1, 0, 1), repeat=2) if step != (0, 0)]


def everywhere(*shape):
    return torch.ones(shape, dtype=torch.bool)


def scene(size=(7, 9), crops=2, seed=0):
    """Logits, colours of which about half of the pairs are similar, box, image."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(crops, *size, generator=generator)
    image = .1 * torch.randn(crops, 3, *size, generator=generator)
    box, valid = everywhere(crops, *size), everywhere(crops, *size)
    box[:, :2] = box[:, :, 7:] = False
    valid[0, :, :1] = False
    return logits, image, box, valid


def written_out(logits, image, box, valid, dilation, theta=.15, tau=.3):
    """The mean over all pairs of 8 neighbours, each pair met twice."""
    losses = []
    for crop in range(len(logits)):
        values = []
        for y, x in itertools.product(*map(range, logits.shape[1:])):
            for dy, dx in STEPS:
                v, u = y + dy * dilation, x + dx * dilation
                if not (0 <= v < logits.shape[1] and 0 <= u < logits.shape[2]):
                    continue
                distance = (image[crop, :, y, x] - image[crop, :, v, u]).norm()
                if (math.exp(-distance / theta) < tau
                        or not (valid[crop, y, x] and valid[crop, v, u])
                        or not (box[crop, y, x] or box[crop, v, u])):
                    continue
                p, q = logits[crop, y, x].sigmoid(), logits[crop, v, u].sigmoid()
                values.append(-math.log(p * q + (1 - p) * (1 - q)))
        losses.append(sum(values) / max(len(values), 1))
    return sum(losses) / len(losses)


@pytest.mark.parametrize('dilation', [1, 2, 3])
def test_it_is_the_mean_over_the_similar_pairs_written_out(dilation):
    logits, image, box, valid = scene()
    loss = PairwiseLoss(dilation=dilation, loss_weight=1.)
    masks = loss.pair_masks(image, box, valid)
    share = sum(m.sum().item() for m in masks) / sum(m.numel() for m in masks)
    assert .1 < share < .9  # or colours and box would not be tried
    assert loss(logits, image, box, valid).item() == pytest.approx(
        written_out(logits, image, box, valid, dilation), rel=1e-5)


def test_two_pixels_by_hand():
    """p = .6 and .8: -log(.48 + .08), the pixel between them is no neighbour."""
    logits = torch.tensor([[[.6, .01, .8]]]).logit()
    one = everywhere(1, 1, 3)
    loss = PairwiseLoss(loss_weight=.5)(logits, torch.zeros(1, 3, 1, 3), one, one)
    assert loss.item() == pytest.approx(-.5 * math.log(.56))


@pytest.mark.parametrize('factor, similar', [(.999, True), (1.001, False)])
def test_the_limit_of_similarity_is_exp_minus_distance_by_theta(factor, similar):
    loss = PairwiseLoss(theta=.2, tau=.4, dilation=1)
    distance = -.2 * math.log(.4) * factor
    image = torch.zeros(1, 3, 1, 2)
    image[0, :, 0, 1] = distance * torch.tensor([2., 1., 2.]) / 3
    right = loss.pair_masks(image, everywhere(1, 1, 2), everywhere(1, 1, 2))[0]
    assert right.tolist() == [[[similar]]]


def test_the_default_limit_is_boxinsts_for_a_step_of_grey():
    """BoxInst's 2.4 units of L are 6.1 of 255 levels; here it is 5.9."""
    loss, one = PairwiseLoss(dilation=1), everywhere(1, 1, 2)
    found = []
    for levels in (5.9, 6.0):
        image = torch.zeros(1, 3, 1, 2)
        image[..., 1] = levels / 57.
        found.append(loss.pair_masks(image, one, one)[0].item())
    assert found == [True, False]


def test_a_pair_takes_part_with_one_end_in_the_box_and_not_with_none():
    box = torch.tensor([[[False, False, True]]])
    masks = PairwiseLoss(dilation=1).pair_masks(
        torch.zeros(1, 3, 1, 3), box, torch.ones_like(box))
    assert masks[0].tolist() == [[[False, True]]]


def test_padding_has_no_say():
    logits, image, box, valid = scene()
    valid[:, -1] = False
    before = PairwiseLoss()(logits, image, box, valid)
    logits, image = logits.clone(), image.clone()
    logits[~valid] = 50.
    image[:, :, -1] = 9.
    assert torch.equal(PairwiseLoss()(logits, image, box, valid), before)


@pytest.mark.parametrize('change', [
    pytest.param(lambda x: x.flip(-1), id='mirror'),
    pytest.param(lambda x: x.flip(-2), id='upside down'),
    pytest.param(lambda x: x.mT, id='transpose')])
def test_the_order_of_rows_and_columns_changes_nothing(change):
    parts = scene()
    torch.testing.assert_close(PairwiseLoss()(*map(change, parts)),
                               PairwiseLoss()(*parts))


def test_object_and_ground_may_change_places():
    logits, *rest = scene()
    torch.testing.assert_close(PairwiseLoss()(-logits, *rest),
                               PairwiseLoss()(logits, *rest))
    assert torch.equal(different_labels(logits[0], logits[1]),
                       different_labels(logits[1], logits[0]))


def test_both_flat_answers_cost_nothing():
    """Why the weight starts small: nothing here asks for ground."""
    logits, *rest = scene()
    for value in (-40., 40.):
        assert PairwiseLoss()(torch.full_like(logits, value), *rest).item() < 1e-15


def test_each_crop_weighs_the_same_whatever_its_pairs():
    logits, image, box, valid = scene()
    box[1] = False
    box[1, 3, 3] = True
    whole = PairwiseLoss()(logits, image, box, valid)
    alone = [PairwiseLoss()(*(x[i:i + 1] for x in (logits, image, box, valid)))
             for i in range(2)]
    torch.testing.assert_close(whole, sum(alone) / 2)


def test_huge_logits_stay_finite_and_gradients_too():
    here = torch.tensor([1e4, 1e4, -1e4, 0.], requires_grad=True)
    there = torch.tensor([1e4, -1e4, -1e4, 1e4])
    surprise = different_labels(here, there)
    # A sure object beside sure ground: p q + (1-p) (1-q) = 2 exp(-1e4).
    assert surprise.tolist() == pytest.approx(
        [0, 1e4 - math.log(2), 0, math.log(2)])
    surprise.sum().backward()
    assert here.grad.isfinite().all()


def test_gradients_are_those_of_finite_differences():
    torch.manual_seed(0)
    here, there = torch.randn(2, 6, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(different_labels, (here, there))


def test_descent_spreads_a_label_over_its_colour_and_stops_at_an_edge():
    """A sure pixel draws those of its colour; across an edge nothing is drawn."""
    image = torch.zeros(1, 3, 1, 4)
    image[..., 2:] = 5.
    logits = torch.tensor([[[4., 0., 0., 0.]]], requires_grad=True)
    one = everywhere(1, 1, 4)
    PairwiseLoss(dilation=1)(logits, image, one, one).backward()
    gradient = logits.grad[0, 0]
    assert gradient[1] < 0
    assert gradient[2:].tolist() == [0, 0]


@pytest.mark.parametrize('change', [
    pytest.param(dict(box=False), id='no box'),
    pytest.param(dict(valid=False), id='no image'),
    pytest.param(dict(size=(2, 2)), id='map as small as the step')])
def test_without_a_pair_the_loss_is_0_and_has_a_gradient(change):
    logits, image, box, valid = scene(change.get('size', (7, 9)))
    box &= change.get('box', True)
    valid &= change.get('valid', True)
    logits.requires_grad_()
    loss = PairwiseLoss()(logits, image, box, valid)
    loss.backward()
    assert loss.item() == 0 and not logits.grad.any()


def test_autocast_does_not_lower_the_precision():
    logits, image, box, valid = scene()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        low = PairwiseLoss()(logits, image, box, valid)
    assert low.dtype == torch.float32
    assert torch.equal(low, PairwiseLoss()(logits, image, box, valid))
    half = PairwiseLoss()(logits.bfloat16(), image.bfloat16(), box, valid)
    assert half.dtype == torch.float32


def test_the_weight_rises_linearly():
    loss = PairwiseLoss(warmup_iters=4)
    assert [loss.weight_scale(i) for i in (0, 1, 3, 9)] == [.25, .5, 1, 1]


@pytest.mark.parametrize('wrong', [
    dict(theta=0.), dict(tau=0.), dict(tau=1.5), dict(dilation=0),
    dict(dilation=1.5)], ids=str)
def test_wrong_settings_are_refused(wrong):
    name, = wrong
    with pytest.raises(ValueError, match=name):
        PairwiseLoss(**wrong)
