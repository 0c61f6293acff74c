"""The exported mean field is the labeller's."""

import pytest
import torch

from mmdet_mal.deploy.mean_field_graph import refine_in_graph
from mmdet_mal.models.mean_field import crf_marginals


@pytest.mark.parametrize('centre', [0., 2.])
@pytest.mark.parametrize('max_iters', [1, 4, 60])
def test_it_is_the_mean_field_of_the_labeller(max_iters, centre):
    generator = torch.Generator().manual_seed(1)
    prob = torch.rand(2, 7, 9, generator=generator)
    image = torch.rand(2, 3, 7, 9, generator=generator)
    valid = torch.ones(2, 7, 9, dtype=torch.bool)
    valid[1, :, 6:] = False
    settings = dict(zeta=.4, omega=2., max_iters=max_iters, tolerance=1e-3,
                    clamp=.1, centre=centre)
    wanted = crf_marginals(prob, image, valid, **settings)
    found = refine_in_graph(prob, image, valid, **settings)
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=0)
    assert not torch.allclose(wanted, prob.clamp(.1, .9), atol=.05)


def test_two_pixels_by_hand():
    # One row of two pixels of one colour: logit q0 = logit .6 + w (2 * .2 - 1).
    prob = torch.tensor([[[.6, .2]]])
    found = refine_in_graph(
        prob, torch.zeros(1, 3, 1, 2), torch.ones(1, 1, 2, dtype=torch.bool),
        zeta=1., omega=.5, max_iters=1, tolerance=0., clamp=.01)
    wanted = torch.logit(prob) + .5 * torch.tensor([[[-.6, .2]]])
    torch.testing.assert_close(found, wanted.sigmoid())
