"""Dice and cross-entropy to a human mask, by hand and as properties."""

import math

import pytest
import torch

from mmdet_mal.models.losses import HumanMaskLoss


def test_one_pixel_by_hand():
    """p = .5 against 1: dice 1 - 2·.5 / (.25 + 1), entropy log 2."""
    found = HumanMaskLoss(eps=0)(
        torch.zeros(1, 1, 1), torch.ones(1, 1, 1), torch.ones(1, 1, 1).bool())
    assert found['loss_dice'].item() == pytest.approx(.2)
    assert found['loss_bce'].item() == pytest.approx(math.log(2))


def test_the_truth_costs_nothing_and_its_opposite_everything():
    mask = torch.zeros(2, 8, 8, dtype=torch.uint8)
    mask[:, 2:6, :4] = 1
    logits = torch.where(mask[:, ::2, ::2] > 0, 30., -30.)
    valid = torch.ones(2, 4, 4).bool()
    loss = HumanMaskLoss()
    good, bad = loss(logits, mask, valid), loss(-logits, mask, valid)
    assert all(value.item() < 1e-3 for value in good.values())
    assert bad['loss_dice'].item() == pytest.approx(1, abs=1e-3)
    assert bad['loss_bce'].item() == pytest.approx(30)


def test_padding_changes_no_loss_and_gets_no_gradient():
    torch.manual_seed(0)
    logits = torch.randn(2, 4, 4, requires_grad=True)
    mask = torch.randint(0, 2, (2, 4, 4), dtype=torch.uint8)
    valid = torch.ones(2, 4, 4).bool()
    valid[:, :, 2:] = False
    loss = HumanMaskLoss()
    whole = loss(logits, mask, valid)
    part = loss(logits[:, :, :2], mask[:, :, :2], valid[:, :, :2])
    for name, value in whole.items():
        assert value.item() == pytest.approx(part[name].item(), abs=1e-6)
    sum(whole.values()).backward()
    assert (logits.grad[:, :, 2:] == 0).all()
    assert (logits.grad[:, :, :2] != 0).all()


def test_weights_scale_their_losses():
    args = torch.randn(1, 4, 4), torch.ones(1, 4, 4), torch.ones(1, 4, 4).bool()
    once, other = HumanMaskLoss()(*args), HumanMaskLoss(2.0, 0.0)(*args)
    assert other['loss_dice'].item() == pytest.approx(2 * once['loss_dice'].item())
    assert other['loss_bce'].item() == 0


@pytest.mark.parametrize('weights', [(-1, 1), (0, 0)])
def test_bad_weights(weights):
    with pytest.raises(ValueError, match='at least 0 and not both'):
        HumanMaskLoss(*weights)


def test_half_precision_gives_finite_fp32_losses():
    logits = torch.full((1, 4, 4), 60., dtype=torch.bfloat16)
    found = HumanMaskLoss()(logits, torch.zeros(1, 4, 4),
                            torch.ones(1, 4, 4).bool())
    assert all(v.dtype == torch.float32 and v.isfinite() for v in found.values())
