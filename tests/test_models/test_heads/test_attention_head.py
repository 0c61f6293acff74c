"""Attention decoder: shapes, routing, order, the switches of 'released'."""
import pytest
import torch

from mmdet_mal.models.heads import AttentionMaskHead
from mmdet_mal.models.heads.size_routing import route_by_area


@pytest.fixture
def head():
    torch.manual_seed(0)
    return AttentionMaskHead([8], channels=16).eval()


@pytest.mark.parametrize('area, route', [
    (0., 0), (1023.9, 0), (1024., 1), (9215.9, 1), (9216., 2), (1e9, 2),
], ids=str)
def test_ranges_are_half_open(area, route):
    assert route_by_area(torch.tensor([area])).item() == route


@pytest.mark.parametrize('areas', [[10.], [5000.], [1e5], [10., 5000., 1e5]],
                         ids=['small', 'medium', 'large', 'mixed'])
def test_logits_have_stride_4_of_the_crop(head, areas):
    feats = (torch.randn(len(areas), 8, 8, 6), )
    logits = head(feats, torch.tensor(areas), (128, 96))
    assert logits.shape == (len(areas), 32, 24)


@pytest.mark.parametrize('area, stride', [(10., 16), (5000., 8), (1e5, 4)])
def test_score_map_has_the_routed_stride(head, area, stride, monkeypatch):
    sizes = []
    original = head.score_map

    def spy(key, feat):
        scores = original(key, feat)
        sizes.append(tuple(scores.shape[1:]))
        return scores

    monkeypatch.setattr(head, 'score_map', spy)
    head((torch.randn(1, 8, 8, 8), ), torch.tensor([area]), (128, 128))
    assert sizes == [(128 // stride, ) * 2]


def test_a_crop_does_not_depend_on_its_batch(head):
    """Routing takes the batch apart; each result must come back in place."""
    areas = torch.tensor([1e5, 10., 5000., 20., 1e5])
    feats = torch.randn(5, 8, 8, 8)
    together = head((feats, ), areas, (128, 128))
    for i in range(5):
        alone = head((feats[i:i + 1], ), areas[i:i + 1], (128, 128))
        torch.testing.assert_close(together[i:i + 1], alone,
                                   atol=1e-5, rtol=1e-5)


def test_score_is_the_inner_product_of_key_and_value(head):
    feat = torch.randn(1, 8, 4, 4)
    key = torch.randn(1, 16)
    scores = head.score_map(key, feat)
    unit = torch.stack([
        head.score_map(torch.eye(16)[c:c + 1], feat)[0] for c in range(16)
    ])
    torch.testing.assert_close(
        scores[0], (key[0, :, None, None] * unit).sum(0), atol=1e-5,
        rtol=1e-5)


def test_without_routing_all_crops_get_the_finest_map():
    torch.manual_seed(0)
    head = AttentionMaskHead([8], channels=16, size_routing=False).eval()
    feats = (torch.randn(2, 8, 8, 8), )
    a = head(feats, torch.tensor([10., 1e5]), (128, 128))
    b = head(feats, torch.tensor([1e5, 10.]), (128, 128))
    torch.testing.assert_close(a, b)


def test_several_maps_are_fused():
    head = AttentionMaskHead([8, 4], channels=16)
    feats = (torch.randn(1, 8, 8, 8), torch.randn(1, 4, 4, 4))
    assert head(feats, torch.tensor([5000.]), (128, 128)).shape == (1, 32, 32)


@pytest.mark.parametrize('switch', [
    dict(pool='avg'), dict(key_layers=2), dict(upsample_after=3),
    dict(upsample_after=4)
], ids=str)
def test_switches_of_the_released_code_train(switch):
    head = AttentionMaskHead([8], channels=16, **switch)
    logits = head((torch.randn(2, 8, 8, 8), ), torch.tensor([10., 1e5]),
                  (128, 128))
    logits.mean().backward()
    assert all(p.grad is not None for p in head.parameters())


@pytest.mark.parametrize('wrong', [
    dict(pool='sum'), dict(key_layers=3), dict(upsample_after=5)], ids=str)
def test_wrong_switches_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        AttentionMaskHead([8], **wrong)
