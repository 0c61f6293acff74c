"""CRF loss: labels on a two-colour picture, masks, gradients."""
import pytest
import torch

from mmdet_mal.models.losses import CRFLoss


@pytest.fixture
def scene():
    """A bright square (rows and columns 3-6) on black, box one px wider."""
    image = torch.zeros(1, 3, 10, 10)
    image[..., 3:7, 3:7] = 3.
    box = torch.zeros(1, 10, 10, dtype=torch.bool)
    box[:, 2:8, 2:8] = True
    logits = torch.full((1, 10, 10), -2.)
    logits[:, 2:8, 2:8] = .3
    logits[:, 3:7, 3:7] = 1.
    return image, box, torch.ones_like(box), logits


def test_labels_follow_the_colour_edge_inside_the_box(scene):
    image, box, valid, logits = scene
    labels = CRFLoss().labels(logits.sigmoid(), logits.sigmoid(), image, box,
                              valid)
    expected = torch.zeros(1, 10, 10)
    expected[:, 3:7, 3:7] = 1.
    assert torch.equal(labels, expected)


def test_labels_are_zero_outside_box_and_image(scene):
    image, box, valid, logits = scene
    valid = valid.clone()
    valid[..., :5] = False
    sure = torch.ones_like(logits)
    labels = CRFLoss().labels(sure, sure, image, box, valid)
    assert labels[~(box & valid)].sum() == 0
    assert labels[box & valid].all()


def test_unary_is_the_mean_of_student_and_teacher(scene):
    image, box, valid, _ = scene
    one, zero = torch.full((2, 1, 10, 10), .5).unbind(0)
    one, zero = one + .4, zero - .3
    loss = CRFLoss(omega=0.)
    assert loss.labels(one, zero, image, box, valid).sum() == box.sum()
    assert torch.equal(
        loss.labels(one, zero, image, box, valid),
        loss.labels(zero, one, image, box, valid))


def test_dice_by_hand_without_neighbours():
    """omega 0, everything inside: labels all 1, m = .6."""
    prob = torch.full((1, 2, 2), .6)
    inside = torch.ones(1, 2, 2, dtype=torch.bool)
    loss = CRFLoss(omega=0., loss_weight=1., eps=0.)(
        prob.logit(), prob.logit(), torch.zeros(1, 3, 2, 2), inside, inside)
    assert loss.item() == pytest.approx(1 - 2 * 2.4 / (4 * .36 + 4))


def test_gradient_reaches_the_student_only(scene):
    image, box, valid, logits = scene
    student = logits.clone().requires_grad_()
    teacher = logits.clone().requires_grad_()
    CRFLoss()(student, teacher, image, box, valid).backward()
    assert teacher.grad is None
    # Descending raises the object's pixels and lowers the ground's.
    assert (student.grad[0, 3:7, 3:7] < 0).all()
    assert (student.grad[0, 2, 2:8] > 0).all()


def test_one_step_of_descent_lowers_the_loss(scene):
    image, box, valid, logits = scene
    student = logits.clone().requires_grad_()
    loss = CRFLoss()
    before = loss(student, logits, image, box, valid)
    before.backward()
    after = loss(student - 5 * student.grad, logits, image, box, valid)
    assert after < before


def test_autocast_does_not_lower_the_precision(scene):
    image, box, valid, logits = scene
    with torch.autocast('cpu', dtype=torch.bfloat16):
        low = CRFLoss()(logits, logits, image, box, valid)
    assert low.dtype == torch.float32
    torch.testing.assert_close(low, CRFLoss()(logits, logits, image, box,
                                              valid))


def _labels(**kwargs):
    """Two pixels of one colour; the box holds the left one, at p = .7."""
    loss = CRFLoss(zeta=1., omega=1., clamp=.1, max_iters=1, **kwargs)
    prob = torch.tensor([[[.7, .9]]])
    box = torch.tensor([[[True, False]]])
    return loss.labels(prob, prob, torch.zeros(1, 3, 1, 2), box,
                       torch.ones_like(box))[0, 0].tolist()


def test_the_box_in_the_labels_alone_lets_outsiders_vote():
    """logit .7 + (2 * .9 - 1) = 1.65 > 0."""
    assert _labels() == [1, 0]


def test_the_box_in_the_mean_field_makes_outsiders_ground():
    """logit .7 - 1 = -.15 < 0."""
    assert _labels(box='mean_field') == [0, 0]


def test_the_full_window_adds_the_pixels_own_vote():
    """logit .7 - 1 + (2 * .7 - 1) = .25 > 0."""
    assert _labels(box='mean_field', window='full') == [1, 0]


@pytest.mark.parametrize('wrong', [dict(window='5x5'), dict(box='nowhere')])
def test_unknown_window_or_box(wrong):
    name, = wrong
    with pytest.raises(ValueError, match=f'{name} must be'):
        CRFLoss(**wrong)
