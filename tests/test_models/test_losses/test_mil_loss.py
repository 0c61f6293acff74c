"""MIL loss: hand-computed bags and dice, gradients, invariances."""
import pytest
import torch

from mmdet_mal.models.losses import MILLoss
from mmdet_mal.models.losses.mil_loss import bag_targets, bag_values

ALL = torch.ones(1, 3, 4, dtype=torch.bool)


def _box(rows, cols, shape=(1, 3, 4)):
    mask = torch.zeros(shape, dtype=torch.bool)
    mask[:, rows, cols] = True
    return mask


def test_bag_values_are_the_row_and_column_maxima():
    prob = torch.tensor([[[.1, .2, .3, .4], [.9, .0, .0, .0],
                          [.0, .5, .0, .0]]])
    rows, cols = bag_values(prob, ALL)
    torch.testing.assert_close(rows, torch.tensor([[.4, .9, .5]]))
    torch.testing.assert_close(cols, torch.tensor([[.9, .5, .3, .4]]))


def test_bag_targets_cross_the_box():
    rows, cols = bag_targets(_box(slice(1, 3), slice(0, 2)), ALL)
    assert rows.tolist() == [[0, 1, 1]]
    assert cols.tolist() == [[1, 1, 0, 0]]


def test_pixels_outside_the_image_take_no_part():
    valid = ALL.clone()
    valid[..., 3] = False
    prob = torch.zeros(1, 3, 4)
    prob[..., 3] = 1.
    rows, cols = bag_values(prob, valid)
    assert rows.sum() == 0 and cols.sum() == 0
    rows, cols = bag_targets(_box(slice(0, 3), slice(3, 4)), valid)
    assert rows.sum() == 0 and cols.sum() == 0


def test_joint_dice_by_hand():
    """m = .5 everywhere, box = first row of 2x2: dice over four bags."""
    logits = torch.zeros(1, 2, 2)
    box = _box(slice(0, 1), slice(0, 2), (1, 2, 2))
    valid = torch.ones_like(box)
    # g = (1, 0 | 1, 1), b = .5 four times: 1 - 2*1.5 / (1 + 3) = .25
    loss = MILLoss(loss_weight=1., eps=0.)(logits, box, valid)
    assert loss.item() == pytest.approx(.25)
    # split: rows 1 - 2*.5/(.5 + 1) = 1/3, columns 1 - 2*1/(.5 + 2) = .2
    split = MILLoss(bags='split', loss_weight=1., eps=0.)(logits, box, valid)
    assert split.item() == pytest.approx(1 / 3 + .2)


def test_any_mask_that_touches_the_four_sides_is_perfect():
    """The loss cannot tell a diagonal from the filled box (paper 3.3)."""
    valid = torch.ones(1, 8, 8, dtype=torch.bool)
    box = _box(slice(2, 6), slice(2, 6), (1, 8, 8))
    full, diagonal = torch.full((2, 1, 8, 8), -30.)
    full[box] = 30.
    for i in range(2, 6):
        diagonal[0, i, i] = 30.
    for logits in (full, diagonal):
        assert MILLoss()(logits, box, valid).item() < 1e-3


def test_transposed_input_has_the_same_loss():
    torch.manual_seed(0)
    logits = torch.randn(2, 6, 5)
    box = _box(slice(1, 4), slice(2, 4), (2, 6, 5))
    valid = torch.ones_like(box)
    torch.testing.assert_close(
        MILLoss()(logits, box, valid),
        MILLoss()(logits.mT, box.mT, valid.mT))


@pytest.mark.parametrize('bags', ['joint', 'split'])
def test_gradcheck(bags):
    torch.manual_seed(0)
    logits = torch.randn(1, 4, 5, dtype=torch.float64, requires_grad=True)
    box = _box(slice(1, 3), slice(1, 4), (1, 4, 5))
    loss = MILLoss(bags=bags)
    # The loss computes in fp32 by design, hence the wide step.
    assert torch.autograd.gradcheck(
        lambda x: loss(x, box, torch.ones_like(box)), logits, eps=1e-2,
        atol=2e-3, rtol=2e-2)


def test_bf16_logits_give_an_fp32_loss_under_autocast():
    box = _box(slice(1, 3), slice(1, 4), (1, 4, 5))
    with torch.autocast('cpu', dtype=torch.bfloat16):
        loss = MILLoss()(torch.randn(1, 4, 5).bfloat16(), box,
                         torch.ones_like(box))
    assert loss.dtype == torch.float32


def test_a_crop_without_any_valid_pixel_has_a_finite_gradient():
    logits = torch.randn(1, 4, 4, requires_grad=True)
    nothing = torch.zeros(1, 4, 4, dtype=torch.bool)
    MILLoss()(logits, nothing, nothing).backward()
    assert logits.grad.isfinite().all()


def test_unknown_bags_are_refused():
    with pytest.raises(ValueError, match='joint'):
        MILLoss(bags='both')
