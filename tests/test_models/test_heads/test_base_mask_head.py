"""What holds for each decoder: shapes, gradients, routing, maps, classes."""
import pytest
import torch

from mmdet_mal.models.heads import AttentionMaskHead
from mmdet_mal.models.heads.base_mask_head import pick_level, score_map_size
from mmdet_mal.models.heads.errors import DecoderError
from mmdet_mal.models.heads.resize import resize_bilinear

CROP = (128, 96)
AREAS = dict(small=10., medium=5000., large=1e5)
STRIDES = dict(small=16, medium=8, large=4)


def feats(n, channels=8, size=(8, 6)):
    torch.manual_seed(1)
    return (torch.randn(n, channels, *size), )


@pytest.mark.parametrize('sizes', [['small'], ['medium'], ['large'],
                                   ['small', 'medium', 'large']], ids=str)
def test_logits_have_stride_4_of_the_crop(make_head, sizes):
    areas = torch.tensor([AREAS[size] for size in sizes])
    logits = make_head()(feats(len(sizes)), areas, CROP)
    assert logits.shape == (len(sizes), 32, 24)


@pytest.mark.parametrize('size', AREAS)
def test_score_map_has_the_routed_stride(make_head, size, monkeypatch):
    head = make_head()
    shapes = []
    original = head.score_map

    def spy(*args):
        scores, vector = original(*args)
        shapes.append(tuple(scores.shape[1:]))
        return scores, vector

    monkeypatch.setattr(head, 'score_map', spy)
    head(feats(1), torch.tensor([AREAS[size]]), CROP)
    assert shapes == [tuple(side // STRIDES[size] for side in CROP)]


def test_half_precision_trains(make_head):
    head = make_head(num_classes=3)
    areas = torch.tensor([*AREAS.values()])
    with torch.autocast('cpu', dtype=torch.bfloat16):
        output = head.forward_with_classes(feats(3), areas, CROP)
    assert output.logits.shape == (3, 32, 24)
    (output.logits.float().sum() + output.class_logits.float().sum()).backward()
    assert all(p.grad.isfinite().all() for p in head.parameters())
    full = head.forward_with_classes(feats(3), areas, CROP)
    torch.testing.assert_close(output.class_logits.float(), full.class_logits,
                               atol=.1, rtol=.1)


@pytest.mark.parametrize('maps', ['one', 'several', 'neck'])
def test_gradients_reach_every_parameter(make_head, maps):
    setting = dict(
        one=dict(),
        several=dict(in_channels=(8, 4)),
        neck=dict(
            in_channels=(8, 4), neck_channels=(12, 12), maps='pyramid',
            neck=dict(type='mmdet.FPN', out_channels=12, num_outs=2)))[maps]
    head = make_head(num_classes=3, **setting)
    inputs = feats(6)
    if maps != 'one':
        inputs += (torch.randn(6, 4, 4, 3), )
    areas = torch.tensor([*AREAS.values()] * 2)
    output = head.forward_with_classes(inputs, areas, CROP)
    weights = torch.randn_like(output.logits)
    ((weights * output.logits).sum() + output.class_logits[:, 0].sum() -
     2 * output.class_logits[:, 1].sum()).backward()
    for name, parameter in head.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_a_crop_does_not_depend_on_its_batch(make_head):
    """Routing takes the batch apart; each result must come back in place."""
    head = make_head(num_classes=3).eval()
    areas = torch.tensor([1e5, 10., 5000., 20., 1e5])
    x, = feats(5)
    together = head.forward_with_classes((x, ), areas, CROP)
    for i in range(5):
        alone = head.forward_with_classes((x[i:i + 1], ), areas[i:i + 1],
                                          CROP)
        for a, b in zip(together, alone, strict=True):
            torch.testing.assert_close(a[i:i + 1], b, atol=1e-5, rtol=1e-5)


def test_routing_changes_nothing_for_large_boxes(make_head):
    routed = make_head().eval()
    fixed = make_head(size_routing=False).eval()
    # The fully connected one has no outputs for routes that do not exist.
    fixed.load_state_dict({
        key.replace('scores.2.', 'scores.0.'): value
        for key, value in routed.state_dict().items()
        if not key.startswith(('scores.0.', 'scores.1.'))
    })
    areas = torch.tensor([9216., 1e5])
    torch.testing.assert_close(routed(feats(2), areas, CROP),
                               fixed(feats(2), areas, CROP))


@pytest.mark.parametrize('size', AREAS)
def test_a_batch_of_one_size_is_scored_at_one_resolution(make_head, size):
    head = make_head().eval()
    areas = torch.full((3, ), AREAS[size])
    scores, _ = head.score_map(feats(3)[0], score_map_size(CROP, STRIDES[size]))
    torch.testing.assert_close(
        head(feats(3), areas, CROP),
        resize_bilinear(scores[:, None], (32, 24))[:, 0])


def test_without_routing_the_area_plays_no_part(make_head):
    head = make_head(size_routing=False).eval()
    a = head(feats(2), torch.tensor([10., 1e5]), CROP)
    b = head(feats(2), torch.tensor([1e5, 10.]), CROP)
    torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-6)


def test_several_maps_are_normalised_and_brought_to_the_first_ones_size(
        make_head):
    head = make_head(in_channels=(8, 4)).eval()
    maps = (torch.randn(2, 8, 8, 6), torch.randn(2, 4, 4, 3))
    assert head.fuse(maps).shape == (2, 16, 8, 6)
    areas = torch.tensor([10., 1e5])
    logits = head(maps, areas, CROP)
    # Maps of different depths differ in scale; the norm takes it out.
    scaled = (maps[0] * 10, maps[1])
    torch.testing.assert_close(head(scaled, areas, CROP), logits, atol=1e-3,
                               rtol=1e-3)


def test_of_a_pyramid_each_crop_reads_its_level_alone(make_head):
    head = make_head(in_channels=(8, 8, 8), maps='pyramid').eval()
    # Strides 8, 16 and 32 of the crop: V doubles them to 4, 8 and 16.
    levels = [torch.randn(3, 8, 128 // s, 96 // s) for s in (8, 16, 32)]
    areas = torch.tensor([AREAS['large'], AREAS['medium'], AREAS['small']])
    before = head(levels, areas, CROP)
    for level in range(3):
        changed = [x.clone() for x in levels]
        changed[level] = torch.randn_like(changed[level])
        same = (head(changed, areas, CROP) == before).flatten(1).all(dim=1)
        assert same.tolist() == [i != level for i in range(3)]


@pytest.mark.parametrize('size, picked', [
    ((16, 12), 1), ((8, 6), 2), ((10, 6), 1), ((4, 2), 2), ((32, 24), 0),
    ((64, 48), 0)], ids=str)
def test_the_level_is_the_smallest_that_suffices(size, picked):
    levels = [torch.empty(1, 1, *shape)
              for shape in ((16, 12), (8, 6), (4, 3))]
    assert pick_level(tuple(levels), size) is levels[picked]


def test_the_class_branch_changes_no_mask(make_head):
    plain, with_classes = make_head(), make_head(num_classes=3)
    missing, surplus = with_classes.load_state_dict(
        plain.state_dict(), strict=False)
    assert missing == ['classifier.weight', 'classifier.bias'] and not surplus
    areas = torch.tensor([10., 5000., 1e5])
    output = with_classes.forward_with_classes(feats(3), areas, CROP)
    assert output.class_logits.shape == (3, 3)
    assert torch.equal(output.logits, plain(feats(3), areas, CROP))
    assert plain.forward_with_classes(feats(3), areas,
                                      CROP).class_logits is None


def test_maps_of_other_channels_are_refused_with_the_setting_to_make():
    head = AttentionMaskHead([8], channels=16)
    with pytest.raises(DecoderError, match=r'encoder gives \[4\].*'
                       r' in_channels=\[4\]'):
        head(feats(1, channels=4), torch.tensor([10.]), CROP)


def test_other_channels_behind_the_neck_are_refused_likewise():
    head = AttentionMaskHead(
        [8], channels=16, maps='pyramid', neck_channels=[12] * 2,
        neck=dict(type='mmdet_mal.PlainFPN', out_channels=12))
    with pytest.raises(DecoderError, match=r'neck gives \[12, 12, 12\].*'
                       r'neck_channels=\[12, 12, 12\]'):
        head(feats(1), torch.tensor([10.]), CROP)


@pytest.mark.parametrize('word, wrong', [
    ('maps', dict(maps='sum')),
    ('pyramid', dict(maps='pyramid', in_channels=[8, 4])),
    ('num_classes', dict(num_classes=-1)),
    ('neck_channels', dict(neck=dict(type='mmdet_mal.PlainFPN'))),
    ('neck_channels', dict(neck_channels=[8]))], ids=str)
def test_wrong_settings_are_refused(word, wrong):
    with pytest.raises(ValueError, match=word):
        AttentionMaskHead(**{'in_channels': [8], **wrong})


@pytest.mark.parametrize('crop, stride, size', [
    ((512, 512), 16, (32, 32)), ((512, 512), 4, (128, 128)),
    ((128, 96), 16, (8, 6)), ((518, 518), 8, (64, 64)),
    ((224, 224), 16, (14, 14))], ids=str)
def test_score_maps_have_even_sides(crop, stride, size):
    assert score_map_size(crop, stride) == size


def test_open_ranges_score_boxes_between_them_with_nothing(make_head):
    areas = torch.tensor([9216., 10., 1024., 5000.])
    half_open, open_ = (
        make_head(size_ranges=ranges)(feats(4), areas, CROP)
        for ranges in ('half_open', 'open'))
    assert torch.equal(open_[[0, 2]], torch.zeros(2, 32, 24))
    torch.testing.assert_close(open_[[1, 3]], half_open[[1, 3]])


def test_a_batch_of_boxes_between_the_ranges_has_a_backward_pass(make_head):
    maps = tuple(feat.requires_grad_() for feat in feats(1))
    head = make_head(size_ranges='open')
    head(maps, torch.tensor([1024.]), CROP).sum().backward()
    assert maps[0].grad.abs().sum() == 0


def test_open_ranges_and_classes_exclude_each_other(make_head):
    with pytest.raises(ValueError, match='num_classes=0'):
        make_head(size_ranges='open', num_classes=3)
    with pytest.raises(ValueError, match="got 'closed'"):
        make_head(size_ranges='closed')
