"""A network that is asked the same twice."""

import torch
from torch import nn

from mmdet_mal.variants.remembered_network import RememberedNetwork


class Counting(nn.Module):
    """Adds up; counts its calls."""

    name = 'counting'

    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, images, areas):
        self.calls += 1
        return images.sum() + areas.sum()


def test_equal_questions_are_answered_once():
    network = Counting()
    shared = RememberedNetwork(network)
    images, areas = torch.rand(2, 3, 80, 80), torch.ones(2)
    first = shared(images, areas)
    assert shared(images.clone(), areas.clone()) is first
    assert network.calls == shared.calls == 1
    assert shared(images.flip(-1), areas) is not first
    # One value among 38,400, that no sparse probe need see.
    other = images.clone()
    other[1, 2, 3, 4] += 1
    assert shared(other, areas) == network(other, areas) != first
    assert shared(images, areas + 1) is not first
    assert shared.calls == 4


def test_what_is_forgotten_is_asked_again():
    network = Counting()
    shared = RememberedNetwork(network)
    question = torch.ones(1, 1, 2, 2), torch.ones(1)
    shared(*question)
    shared.forget()
    shared(*question)
    assert network.calls == 2


def test_other_attributes_are_those_of_the_network():
    assert RememberedNetwork(Counting()).name == 'counting'
    assert not RememberedNetwork(Counting().eval()).network.training
