"""Attention decoder: known values, linearity, the switches of 'released'."""
import pytest
import torch

from mmdet_mal.models.heads import AttentionMaskHead


@pytest.mark.parametrize('pool, expected', [
    ('max', [10., 15., 25., 30.]), ('avg', [7., 10.5, 17.5, 21.])])
def test_known_scores(pool, expected):
    """K = 3·pool(E) + 1; V is the doubled map."""
    head = AttentionMaskHead([1], channels=1, pool=pool)
    with torch.no_grad():
        head.key[0].weight.fill_(3.)
        head.key[0].bias.fill_(1.)
        for conv in head.value:
            conv.weight.zero_()[..., 1, 1] = 1.
            conv.bias.zero_()
    feat = torch.tensor([[1., 3.], [1., 3.]]).view(1, 1, 2, 2)
    scores, key = head.score_map(feat, (4, 4))
    torch.testing.assert_close(scores[0], torch.tensor([expected] * 4))
    assert key.item() == expected[0]


@pytest.fixture
def head():
    torch.manual_seed(0)
    return AttentionMaskHead([8], channels=16).eval()


@pytest.mark.parametrize('part', ['key', 'value'])
def test_scores_are_linear_in_the_output_of_each_half(head, part):
    feat = torch.randn(2, 8, 4, 4)
    before, _ = head.score_map(feat, (8, 8))
    last = dict(key=head.key[0], value=head.value[3])[part]
    with torch.no_grad():
        for parameter in last.parameters():
            parameter.mul_(2.5)
    after, _ = head.score_map(feat, (8, 8))
    torch.testing.assert_close(after, 2.5 * before)


def test_scores_are_a_sum_over_channels(head):
    feat = torch.randn(1, 8, 4, 4)
    scores, key = head.score_map(feat, (8, 8))
    value = head.value(feat)
    expected = sum(key[0, c] * value[0, c] for c in range(16))
    torch.testing.assert_close(scores[0], expected, atol=1e-5, rtol=1e-5)


def test_the_names_of_the_weights_are_those_of_earlier_checkpoints():
    names = set(AttentionMaskHead([8, 4], channels=16).state_dict())
    assert names == {
        f'{layer}.{kind}' for kind in ('weight', 'bias')
        for layer in ('norms.0', 'norms.1', 'project', 'key.0', 'value.0',
                      'value.1', 'value.2', 'value.3')
    }


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


@pytest.mark.parametrize('layout', [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize('upsample_after', range(5))
def test_scores_and_gradients_are_those_of_the_formula(layout, upsample_after):
    """Whatever the order in memory; the plain formula is written out here."""
    torch.manual_seed(0)
    head = AttentionMaskHead([8], channels=16, upsample_after=upsample_after)
    feat = torch.randn(3, 8, 6, 4, requires_grad=True)

    def plain(x):
        key = head.key(x.amax((2, 3)))
        for i in range(4):
            if i == upsample_after:
                x = double(x)
            x = head.value[i](x).relu()
        if upsample_after == 4:
            x = double(x)
        return torch.einsum('nc,nchw->nhw', key, x)

    def double(x):
        return torch.nn.functional.interpolate(
            x, scale_factor=2, mode='bilinear', align_corners=False)

    results = []
    for scores in (plain(feat), head.score_map(
            feat.contiguous(memory_format=layout), (12, 8))[0]):
        gradients = torch.autograd.grad(
            scores.square().sum(), [feat, *head.parameters()])
        results.append((scores, *gradients))
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_several_maps_are_fused_as_norm_and_projection_say():
    torch.manual_seed(0)
    head = AttentionMaskHead([8, 4], channels=16)
    feats = torch.randn(2, 8, 4, 4), torch.randn(2, 4, 2, 2)
    maps = [norm(feat) for norm, feat in zip(head.norms, feats, strict=True)]
    maps[1] = torch.nn.functional.interpolate(
        maps[1], size=(4, 4), mode='bilinear', align_corners=False)
    torch.testing.assert_close(head.fuse(feats), head.project(torch.cat(maps, 1)),
                               rtol=1e-4, atol=1e-5)
