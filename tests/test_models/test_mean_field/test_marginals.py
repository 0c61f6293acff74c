"""Mean field: hand-computed cases, brute force, symmetry and convergence."""
import itertools
import math

import pytest
import torch

from mmdet_mal.models.mean_field import (FORWARD_OFFSETS, crf_marginals,
                                         gather_messages, mean_field,
                                         pair_views, pairwise_kernel)


def _neighbours(y, x, h, w):
    for dy, dx in itertools.product((-1, 0, 1), repeat=2):
        if (dy, dx) != (0, 0) and 0 <= y + dy < h and 0 <= x + dx < w:
            yield y + dy, x + dx


def _dense_kernel(image, zeta, omega):
    """The kernel written out pixel by pixel from eq. 4."""
    _, h, w = image.shape
    dense = torch.zeros(h, w, h, w)
    for y, x in itertools.product(range(h), range(w)):
        for v, u in _neighbours(y, x, h, w):
            d = (image[:, y, x] - image[:, v, u]).pow(2).sum()
            dense[y, x, v, u] = omega * math.exp(-d / (2 * zeta**2))
    return dense


def test_pair_views_of_each_offset_are_neighbours():
    x = torch.arange(20.).reshape(1, 4, 5)
    for dy, dx in FORWARD_OFFSETS:
        here, there = pair_views(x, (dy, dx))
        assert torch.equal(there - here, torch.full_like(here, 5 * dy + dx))


def test_kernel_of_equal_colours_is_omega_and_of_far_ones_nothing():
    image = torch.zeros(1, 3, 2, 2)
    image[0, :, 0, 1] = 100.
    kernels = pairwise_kernel(image, zeta=.5, omega=2.)
    horizontal = kernels[0][0]
    assert horizontal.shape == (2, 1)
    assert horizontal[1, 0] == 2. and horizontal[0, 0] == 0.


def test_kernel_value_by_hand():
    image = torch.tensor([0., .5]).reshape(1, 1, 1, 2)
    kernel = pairwise_kernel(image, zeta=.5, omega=2.)[0]
    assert kernel.item() == pytest.approx(2 * math.exp(-.5))


@pytest.mark.parametrize('dilation', [1, 2])
def test_messages_equal_the_sum_written_out(dilation):
    torch.manual_seed(0)
    image, x = torch.rand(2, 3, 5, 6), torch.rand(2, 5, 6)
    kernels = pairwise_kernel(image, .4, 1.5, dilation=dilation)
    messages = gather_messages(x, kernels, dilation)
    if dilation == 1:
        for n in range(2):
            dense = _dense_kernel(image[n], .4, 1.5)
            expected = torch.einsum('yxvu,vu->yx', dense, x[n])
            torch.testing.assert_close(messages[n], expected)
    else:
        # Dilated messages on a grid are plain ones on each sub-grid.
        for y0, x0 in itertools.product(range(2), repeat=2):
            sub = pairwise_kernel(image[:, :, y0::2, x0::2], .4, 1.5)
            expected = gather_messages(x[:, y0::2, x0::2], sub)
            torch.testing.assert_close(messages[:, y0::2, x0::2], expected)


def test_invalid_pixels_neither_send_nor_receive():
    torch.manual_seed(0)
    image, x = torch.rand(1, 3, 4, 6), torch.rand(1, 4, 6)
    valid = torch.ones(1, 4, 6, dtype=torch.bool)
    valid[..., 4:] = False
    messages = gather_messages(x, pairwise_kernel(image, .4, 1., valid))
    cropped = gather_messages(x[..., :4],
                              pairwise_kernel(image[..., :4], .4, 1.))
    torch.testing.assert_close(messages[..., :4], cropped)
    assert messages[..., 4:].abs().sum() == 0


def test_one_round_by_hand():
    """Two equal pixels: logit q = logit m + k (2 m' - 1)."""
    prob = torch.tensor([[[.9, .6]]])
    kernels = pairwise_kernel(torch.zeros(1, 3, 1, 2), .5, 2.)
    q = mean_field(prob, kernels, max_iters=1)
    logit = torch.logit(prob) + 2 * torch.tensor([[[.2, .8]]])
    torch.testing.assert_close(q, logit.sigmoid())


def test_fixed_point_satisfies_the_update():
    torch.manual_seed(1)
    prob, image = torch.rand(2, 8, 8), torch.rand(2, 3, 8, 8)
    kernels = pairwise_kernel(image, .3, .3)
    q = mean_field(prob, kernels, max_iters=500, tolerance=1e-7)
    again = (torch.logit(prob.clamp(1e-4, 1 - 1e-4)) +
             gather_messages(2 * q - 1, kernels)).sigmoid()
    torch.testing.assert_close(q, again.clamp(1e-4, 1 - 1e-4),
                               atol=1e-4, rtol=0)


def test_labels_lower_the_energy_of_the_start():
    """The point of it: less energy (eq. 3) than the thresholded unary."""
    torch.manual_seed(2)
    image = torch.zeros(1, 3, 12, 12)
    image[..., 6:] = 3.
    prob = (torch.rand(1, 12, 12) * .5 + .1)
    prob[..., 6:] += .3
    kernels = pairwise_kernel(image, .5, 2.)
    dense = _dense_kernel(image[0], .5, 2.)

    def energy(label):
        unary = -torch.where(label, prob[0], 1 - prob[0]).log().sum()
        differs = label[:, :, None, None] != label[None, None]
        return (unary + (dense * differs).sum() / 2).item()

    start, end = prob[0] > .5, mean_field(prob, kernels)[0] > .5
    assert energy(end) < energy(start)
    # The two flat halves become the two labels.
    assert end[:, 6:].all() and not end[:, :6].any()


def test_labels_swap_with_the_unary():
    torch.manual_seed(3)
    prob, image = torch.rand(1, 9, 9), torch.rand(1, 3, 9, 9)
    kernels = pairwise_kernel(image, .5, 1.)
    torch.testing.assert_close(
        mean_field(prob, kernels), 1 - mean_field(1 - prob, kernels),
        atol=1e-5, rtol=0)


def test_mirrored_input_gives_the_mirrored_result():
    torch.manual_seed(4)
    prob, image = torch.rand(1, 7, 9), torch.rand(1, 3, 7, 9)
    q = mean_field(prob, pairwise_kernel(image, .5, 1.))
    mirrored = mean_field(prob.flip(-1), pairwise_kernel(image.flip(-1), .5,
                                                         1.))
    torch.testing.assert_close(q, mirrored.flip(-1))


def test_half_precision_input_is_computed_in_fp32():
    prob = torch.rand(1, 4, 4).bfloat16()
    q = mean_field(prob, pairwise_kernel(torch.rand(1, 3, 4, 4).bfloat16()))
    assert q.dtype == torch.float32


@pytest.mark.parametrize('call, message', [
    (lambda: pairwise_kernel(torch.rand(1, 3, 2, 2), zeta=0.), 'zeta'),
    (lambda: mean_field(torch.rand(1, 2, 2), [], clamp=.5), 'clamp'),
], ids=['zeta is zero', 'clamp leaves no range'])
def test_bad_constants_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_marginals_take_the_side_of_pixels_alike_and_leave_padding_out():
    """A pixel of no opinion between two colours; its twin is padding."""
    image = torch.zeros(1, 3, 1, 4)
    image[..., :2] = 1.
    prob = torch.tensor([[[.9, .5, .1, .5]]])
    valid = torch.tensor([[[True, True, True, False]]])
    found = crf_marginals(prob, image, valid, zeta=.1, omega=2., clamp=.05)[0, 0]
    # Its neighbour of the same colour rises to the clamp and pulls it along.
    assert found[0].item() == pytest.approx(.95)
    assert found[1].item() == pytest.approx(1 / (1 + math.exp(-2 * .9)), abs=1e-3)
    assert found[2:].tolist() == pytest.approx([.1, .5])


def test_a_pixel_that_hears_itself_by_hand():
    """logit .7 + 1 * (2 * .7 - 1) = .847 + .4."""
    prob = torch.full((1, 1, 1), .7)
    kernels = pairwise_kernel(torch.zeros(1, 3, 1, 1))
    once = mean_field(prob, kernels, max_iters=1, centre=1.)
    assert once.item() == pytest.approx(1 / (1 + math.exp(-.847298 - .4)))
    assert mean_field(prob, kernels, max_iters=1).item() == pytest.approx(.7)


def test_a_neighbour_outside_says_ground_by_hand():
    """logit .7 + 1 * (2 * 0 - 1) inside; 0 outside, whatever is said there."""
    prob = torch.tensor([.7, .9]).reshape(1, 1, 2)
    kernels = pairwise_kernel(torch.zeros(1, 3, 1, 2), omega=1.)
    inside = torch.tensor([True, False]).reshape(1, 1, 2)
    once = mean_field(prob, kernels, max_iters=1, inside=inside)[0, 0]
    assert once[0].item() == pytest.approx(1 / (1 + math.exp(-.847298 + 1)))
    assert once[1].item() == 0


def _released(prob, image, box, zeta, clamp, rounds):
    """The released behaviour written out: two labels, logs, 3×3 window."""
    h, w = prob.shape
    unary = torch.stack([1 - prob.clamp(clamp, 1 - clamp),
                         prob.clamp(clamp, 1 - clamp)]).log()
    q = prob.clamp(clamp, 1 - clamp) * box
    for _ in range(rounds):
        score = unary.clone()
        for y, x in itertools.product(range(h), range(w)):
            for v, u in [*_neighbours(y, x, h, w), (y, x)]:
                d = (image[:, y, x] - image[:, v, u]).pow(2).sum()
                k = math.exp(-d / (2 * zeta**2))
                score[:, y, x] += k * torch.stack([1 - q[v, u], q[v, u]])
        q = score.softmax(0)[1].clamp(clamp, 1 - clamp) * box
    return q


def test_the_released_mean_field_equals_the_one_written_out():
    generator = torch.Generator().manual_seed(3)
    image = torch.rand(2, 3, 4, 5, generator=generator) / 4
    prob = torch.rand(2, 4, 5, generator=generator)
    box = torch.zeros(2, 4, 5, dtype=torch.bool)
    box[:, 1:3, 1:4] = True
    ours = crf_marginals(prob, image, torch.ones_like(box), zeta=.1, omega=1.,
                         max_iters=12, tolerance=0., clamp=.1, centre=1.,
                         inside=box)
    for n in range(2):
        torch.testing.assert_close(
            ours[n], _released(prob[n], image[n], box[n], .1, .1, 12))
