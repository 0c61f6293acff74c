"""Fully convolutional decoder: known values, equivariance."""
import torch

from mmdet_mal.models.heads import ConvMaskHead


def test_known_scores():
    """3·V − 1, V being the doubled map."""
    head = ConvMaskHead([1], channels=1)
    with torch.no_grad():
        for conv in head.value:
            conv.weight.zero_()[..., 1, 1] = 1.
            conv.bias.zero_()
        head.score.weight.fill_(3.)
        head.score.bias.fill_(-1.)
    feat = torch.tensor([[1., 3.], [1., 3.]]).view(1, 1, 2, 2)
    scores, vector = head.score_map(feat, (4, 4))
    torch.testing.assert_close(scores[0],
                               torch.tensor([[2., 3.5, 6.5, 8.]] * 4))
    assert vector.item() == 3.


def test_a_shifted_map_gives_shifted_scores_away_from_the_borders():
    torch.manual_seed(0)
    head = ConvMaskHead([4], channels=8).eval()
    feat = torch.randn(1, 4, 16, 16)
    scores, _ = head.score_map(feat, (32, 32))
    moved, _ = head.score_map(feat.roll((1, 2), dims=(2, 3)), (32, 32))
    # Two convolutions before and two behind the doubling reach 8 px, and the
    # shift carries the border 4 px into the map.
    inner = (slice(None), slice(12, -8), slice(12, -8))
    torch.testing.assert_close(moved[inner],
                               scores.roll((2, 4), dims=(1, 2))[inner],
                               atol=1e-5, rtol=1e-5)
    assert not torch.allclose(moved, scores.roll((2, 4), dims=(1, 2)))


def test_a_pixel_does_not_feel_what_is_far_away():
    """What the attention decoder's K adds is what this one lacks."""
    torch.manual_seed(0)
    head = ConvMaskHead([4], channels=8).eval()
    feat = torch.randn(1, 4, 16, 16)
    before, _ = head.score_map(feat, (32, 32))
    feat[..., 15, 15] += 100.
    after, _ = head.score_map(feat, (32, 32))
    assert torch.equal(before[:, :16, :16], after[:, :16, :16])
    assert not torch.equal(before, after)
