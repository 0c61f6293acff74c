"""The grouping of a crop's tokens as scores, and joined with a network."""

import math

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from mmdet_mal.models.crop_grouping import CropGrouping, resize_scores

SIZE = 64


def sample(bbox, valid=(0, 0, SIZE, SIZE)):
    data = DetDataSample(metainfo=dict(valid_bbox=np.array(valid, np.float32)))
    data.gt_instances = InstanceData(bboxes=torch.tensor([bbox]))
    return data


def two_kinds_of_tokens():
    """(1, 4, 8, 8): an object of 4 × 4 tokens in ground of another direction."""
    torch.manual_seed(0)
    tokens = torch.tensor([0., 1., 0., 0.])[:, None, None].repeat(1, 8, 8)
    tokens[:, 2:6, 2:6] = torch.tensor([1., 0., 0., 0.])[:, None, None]
    return (tokens + .01 * torch.randn(4, 8, 8))[None]


def test_tokens_of_the_object_score_above_the_ground_in_the_box():
    # A box of 6 × 6 tokens around the object of 4 × 4.
    scores = CropGrouping(ridge=1.).score_tokens(
        two_kinds_of_tokens(), [sample([8., 8., 56., 56.])], (SIZE, SIZE))
    assert scores.shape == (1, 8, 8)
    assert (scores[0, 2:6, 2:6] > 0).all()
    assert scores[0, 2:6, 2:6].min() > scores[0, 1].max()


def test_autocast_changes_nothing():
    tokens, samples = two_kinds_of_tokens(), [sample([8., 8., 56., 56.])]
    grouping = CropGrouping()
    plain = grouping.score_tokens(tokens, samples, (SIZE, SIZE))
    with torch.autocast('cpu', torch.bfloat16):
        assert torch.equal(
            plain, grouping.score_tokens(tokens, samples, (SIZE, SIZE)))


def test_log_odds_add_up():
    grouping = CropGrouping(sharpness=2., network_weight=.5)
    prob = torch.full((1, 4, 4), .8)
    joint = grouping.combine(prob, torch.full((1, 2, 2), .25))
    expected = 2 * .25 + .5 * math.log(.8 / .2)
    torch.testing.assert_close(torch.logit(joint), torch.full((1, 4, 4), expected))
    sharper = grouping.combine(prob, torch.full((1, 2, 2), .25), 4.)
    torch.testing.assert_close(torch.logit(sharper), 4 * torch.logit(joint))


def test_a_sure_network_is_not_infinitely_sure():
    joint = CropGrouping().combine(torch.tensor([[[0., 1.]]]), torch.zeros(1, 1, 2))
    odds = .25 * math.log(.999 / .001)
    torch.testing.assert_close(torch.logit(joint), torch.tensor([[[-odds, odds]]]),
                               rtol=1e-3, atol=0)


def test_without_a_say_the_network_changes_nothing():
    grouping = CropGrouping(network_weight=0.)
    scores = torch.randn(2, 3, 3)
    one, other = (grouping.combine(p, scores) for p in torch.rand(2, 2, 6, 6))
    assert torch.equal(one, other)
    torch.testing.assert_close(one, resize_scores(scores, (6, 6)).sigmoid())


@pytest.mark.parametrize('options', [
    dict(sharpness=0.), dict(sharpness=-1.), dict(network_weight=-.1)])
def test_wrong_weights_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        CropGrouping(**options)
