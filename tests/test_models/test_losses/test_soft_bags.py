"""The MIL loss of boxes that may be loose."""

import pytest
import torch

from mmdet_mal.models.losses import MILLoss
from mmdet_mal.models.losses.soft_bags import bag_weights


def test_weights_by_hand():
    """A box of 4 of 8 bags; centres are .5, 1.5 … bags from its edges."""
    targets = torch.tensor([[0, 0, 1, 1, 1, 1, 0, 0.]])
    # Distances in bags: 1.5 .5 .5 1.5 1.5 .5 .5 1.5; the margin is 1 of 4.
    expected = torch.tensor([[1, .5, .5, 1, 1, .5, .5, 1]])
    torch.testing.assert_close(bag_weights(targets, .25), expected)
    torch.testing.assert_close(bag_weights(targets, .25, .6), .6 + .4 * expected)
    # A wide margin: distances over 4.
    torch.testing.assert_close(
        bag_weights(targets, 1.),
        torch.tensor([[1.5, .5, .5, 1.5, 1.5, .5, .5, 1.5]]) / 4)


def test_a_crop_without_a_box_keeps_all_bags():
    assert bag_weights(torch.zeros(1, 5), .3).tolist() == [[1.] * 5]


def test_boxes_of_a_batch_do_not_see_each_other():
    one = torch.tensor([[0, 1, 1, 0, 0.]])
    other = torch.tensor([[1, 1, 1, 1, 1.]])
    both = bag_weights(torch.cat([one, other]), .2)
    assert torch.equal(both, torch.cat([bag_weights(one, .2),
                                        bag_weights(other, .2)]))


def inputs(seed=0, size=12):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, size, size, generator=generator) * 3
    box = torch.zeros(2, size, size, dtype=torch.bool)
    box[0, 3:9, 2:7] = True
    box[1, 0:5, 4:12] = True
    valid = torch.ones_like(box)
    valid[1, :, 11] = False
    return logits, box, valid


@pytest.mark.parametrize('bags', ['joint', 'split'])
def test_no_margin_is_the_papers_loss_bit_for_bit(bags):
    for seed in range(5):
        logits, box, valid = inputs(seed)
        first, second = (logits.clone().requires_grad_() for _ in range(2))
        plain = MILLoss(bags=bags)(first, box, valid)
        soft = MILLoss(bags=bags, edge_margin=0., edge_weight=.3)(second, box, valid)
        assert torch.equal(plain, soft)
        plain.backward()
        soft.backward()
        assert torch.equal(first.grad, second.grad)


def test_edges_of_full_weight_are_the_papers_loss():
    logits, box, valid = inputs()
    torch.testing.assert_close(
        MILLoss(edge_margin=.2, edge_weight=1.)(logits, box, valid),
        MILLoss()(logits, box, valid))


def test_weighted_dice_by_hand():
    """Two rows, two columns, box = first row; margin 1: all distances are .5.

    Rows: box of 1 bag, d = .5 and .5; columns: box of 2 bags, d = .25 and .25.
    """
    logits = torch.zeros(1, 2, 2)
    box = torch.zeros(1, 2, 2, dtype=torch.bool)
    box[:, 0] = True
    loss = MILLoss(loss_weight=1., eps=0., edge_margin=1.)(
        logits, box, torch.ones_like(box))
    # g = (1, 0 | 1, 1), b = .5, w = (.5, .5 | .25, .25)
    expected = 1 - 2 * (.25 + .25) / (.25 * (1 + .5) + (.5 + .5))
    assert loss.item() == pytest.approx(expected)


def test_a_mask_that_is_off_by_the_margin_costs_less():
    box = torch.zeros(1, 20, 20, dtype=torch.bool)
    box[:, 5:15, 5:15] = True
    valid = torch.ones_like(box)
    off = torch.full((1, 20, 20), -20.)
    off[:, 6:16, 6:16] = 20.
    soft = MILLoss(edge_margin=.2)
    assert soft(off, box, valid) < MILLoss()(off, box, valid)
    # What is far beyond the box still costs.
    leak = off.clone()
    leak[:, 19] = 20.
    assert soft(leak, box, valid) > soft(off, box, valid) + .05


def test_gradients():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 6, 6, generator=generator, dtype=torch.double)
    logits.requires_grad_()
    box = torch.zeros(2, 6, 6, dtype=torch.bool)
    box[0, 1:4, 1:5] = True
    box[1, 2:6, 0:3] = True
    valid = torch.ones_like(box)

    class Double(MILLoss):
        """Without the cast to fp32, in which finite differences say nothing."""

        def forward(self, values, box_mask, valid):
            values, cast = values.double(), torch.Tensor.float
            torch.Tensor.float = torch.Tensor.double
            try:
                return super().forward(values, box_mask, valid)
            finally:
                torch.Tensor.float = cast

    loss = Double(edge_margin=.3, edge_weight=.2)
    assert torch.autograd.gradcheck(lambda x: loss(x, box, valid), (logits, ))


@pytest.mark.parametrize('options', [
    dict(edge_margin=-.1), dict(edge_margin=.1, edge_weight=1.5)])
def test_wrong_options_are_refused(options):
    with pytest.raises(ValueError, match='edge_margin'):
        MILLoss(**options)
