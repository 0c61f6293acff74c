"""Token grouping loss: labels, fading, gradients."""
import pytest
import torch

from mmdet_mal.models.losses import TokenGroupingLoss


@pytest.fixture
def scene():
    torch.manual_seed(0)
    tokens = torch.randn(1, 16, 8, 8) * .1
    tokens[:, 0] += 1.
    tokens[:, 0, 2:5, 2:5] -= 2.
    box = torch.zeros(1, 32, 32, dtype=torch.bool)
    box[:, 4:24, 4:24] = True
    return tokens, box, torch.ones_like(box)


def test_labels_are_high_on_the_object_and_zero_outside_the_box(scene):
    labels = TokenGroupingLoss(10).labels(*scene)
    assert labels.shape == (1, 32, 32)
    assert (labels[:, 9:19, 9:19] > .5).all()
    assert (labels[:, 4:7, 4:24] < .5).all()
    assert labels[~scene[1]].sum() == 0


@pytest.mark.parametrize('iteration, scale', [(0, 1.), (5, .5), (10, 0.),
                                              (99, 0.)])
def test_weight_fades_to_nothing(iteration, scale):
    assert TokenGroupingLoss(10).weight_scale(iteration) == scale


def test_descent_moves_the_student_to_the_labels(scene):
    logits = torch.zeros(1, 32, 32, requires_grad=True)
    TokenGroupingLoss(10)(logits, *scene).backward()
    assert (logits.grad[:, 9:19, 9:19] < 0).all()
    assert (logits.grad[:, 26:, 26:] > 0).all()


def test_fade_must_be_positive():
    with pytest.raises(ValueError, match='fade_iters'):
        TokenGroupingLoss(0)
