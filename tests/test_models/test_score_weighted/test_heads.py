"""Weighted by 1 a head is stock to the bit; weighted by 0 a mask teaches nothing."""

from types import SimpleNamespace

import pytest
import torch
from mmdet.models.dense_heads import Mask2FormerHead, SOLOV2Head
from mmdet.models.roi_heads.mask_heads import FCNMaskHead
from mmdet.structures.mask import BitmapMasks
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData

from mmdet_mal.models.score_weighted import (ScoreWeightedFCNMaskHead,
                                             ScoreWeightedMask2FormerHead,
                                             ScoreWeightedSOLOV2Head)
from mmdet_mal.utils.errors import UserError

SIDE = 64
# Two neighbours, one apart, one alone in the second image.
BOXES = ([(4, 4, 30, 28), (20, 10, 44, 40), (48, 40, 60, 62)], [(8, 8, 50, 50)])
DICE = dict(type='mmdet.DiceLoss', use_sigmoid=True, activate=True)


def ground_truth(scores):
    """Images with filled boxes; ``scores`` by image, None for none."""
    images = []
    for i, boxes in enumerate(BOXES):
        masks = torch.zeros(len(boxes), SIDE, SIDE, dtype=torch.uint8)
        for mask, (x0, y0, x1, y1) in zip(masks, boxes, strict=True):
            mask[y0:y1, x0:x1] = 1
        gt = InstanceData(
            bboxes=torch.tensor(boxes, dtype=torch.float32),
            labels=torch.arange(len(boxes)) % 2,
            masks=BitmapMasks(masks.numpy(), SIDE, SIDE))
        if scores is not None:
            gt.scores = torch.tensor(scores[i])
        images.append(gt)
    return images


ONES = ([1., 1., 1.], [1.])


def fcn(kind):
    torch.manual_seed(0)
    head = kind(num_convs=1, in_channels=4, conv_out_channels=4, num_classes=2,
                roi_feat_size=7,
                loss_mask=dict(type='mmdet.CrossEntropyLoss', use_mask=True,
                               loss_weight=1.5))
    # Five proposals: two of the first label, one of each other.
    found = [SimpleNamespace(
        pos_priors=gt.bboxes[chosen], pos_gt_labels=gt.labels[chosen],
        pos_assigned_gt_inds=torch.tensor(chosen))
        for gt, chosen in zip(ground_truth(None), ([0, 2, 0, 1], [0]),
                              strict=True)]
    preds = torch.randn(5, 2, 14, 14, requires_grad=True)
    owner = torch.tensor([0, 2, 0, 1, 3])

    def loss(gt):
        cfg = ConfigDict(mask_size=14)
        return head.loss_and_target(preds, found, gt, cfg)['loss_mask']

    return loss, preds, lambda grad, which: grad[owner == which]


def solov2(kind):
    torch.manual_seed(0)
    head = kind(num_classes=2, in_channels=8, feat_channels=8, stacked_convs=1,
                strides=[8, 16], scale_ranges=((1, 30), (20, 64)),
                num_grids=[6, 4], cls_down_index=0, pos_scale=.4,
                mask_feature_head=dict(
                    feat_channels=8, start_level=0, end_level=1, out_channels=8,
                    mask_stride=4,
                    norm_cfg=dict(type='GN', num_groups=2, requires_grad=True)),
                norm_cfg=dict(type='GN', num_groups=2, requires_grad=True),
                loss_mask=dict(DICE, loss_weight=3.0),
                loss_cls=dict(type='mmdet.FocalLoss', use_sigmoid=True))
    kernels = [torch.randn(2, 8, n, n, requires_grad=True) for n in (6, 4)]
    classes = [torch.randn(2, 2, n, n) for n in (6, 4)]
    feats = torch.randn(2, 8, SIDE // 4, SIDE // 4)

    def loss(gt):
        return head.loss_by_feat(kernels, classes, feats, gt, [{}, {}])

    # The second image has one label: all its cells are its own.
    return loss, kernels, lambda grad, which: grad[1]


def mask2former(kind):
    torch.manual_seed(0)
    attention = dict(embed_dims=8, num_heads=2, num_levels=1, num_points=1,
                     dropout=0.0, batch_first=True)
    ffn = dict(embed_dims=8, feedforward_channels=8, num_fcs=2,
               act_cfg=dict(type='ReLU', inplace=True))
    decoder = dict(embed_dims=8, num_heads=2, dropout=0.0, batch_first=True)
    encoder = ConfigDict(num_layers=1, layer_cfg=dict(self_attn_cfg=attention,
                                                      ffn_cfg=ffn))
    position = dict(num_feats=4, normalize=True)
    head = kind(
        in_channels=[8, 8], strides=[4, 8], feat_channels=8, out_channels=8,
        num_things_classes=2, num_stuff_classes=0, num_queries=6,
        num_transformer_feat_level=1, positional_encoding=position,
        pixel_decoder=ConfigDict(
            type='mmdet.MSDeformAttnPixelDecoder', num_outs=1,
            norm_cfg=dict(type='GN', num_groups=2),
            act_cfg=dict(type='ReLU'), encoder=encoder,
            positional_encoding=position),
        transformer_decoder=ConfigDict(
            return_intermediate=True, num_layers=1,
            layer_cfg=dict(self_attn_cfg=decoder, cross_attn_cfg=decoder,
                           ffn_cfg=ffn), init_cfg=None),
        loss_cls=ConfigDict(
            type='mmdet.CrossEntropyLoss', class_weight=[1., 1., .1]),
        loss_mask=dict(type='mmdet.CrossEntropyLoss', use_sigmoid=True,
                       reduction='mean', loss_weight=5.0),
        loss_dice=dict(DICE, naive_dice=True, eps=1.0, loss_weight=5.0,
                       reduction='mean'),
        train_cfg=ConfigDict(
            num_points=64, oversample_ratio=3.0, importance_sample_ratio=.75,
            assigner=dict(type='mmdet.HungarianAssigner', match_costs=[
                dict(type='mmdet.ClassificationCost', weight=2.0),
                dict(type='mmdet.DiceCost', weight=5.0, pred_act=True)]),
            sampler=dict(type='mmdet.MaskPseudoSampler')))
    masks = torch.randn(2, 6, 16, 16, requires_grad=True)
    classes = torch.randn(2, 6, 3)

    def loss(gt):
        torch.manual_seed(1)  # the head draws points
        gt = head.preprocess_gt(gt, [None, None])
        return head.loss_by_feat([classes, classes], [masks, masks], gt,
                                 [{}, {}])

    return loss, masks, lambda grad, which: grad[1]


FAMILIES = {
    'fcn': (fcn, FCNMaskHead, ScoreWeightedFCNMaskHead),
    'solov2': (solov2, SOLOV2Head, ScoreWeightedSOLOV2Head),
    'mask2former': (mask2former, Mask2FormerHead, ScoreWeightedMask2FormerHead),
}
family = pytest.mark.parametrize('make, stock, ours', FAMILIES.values(),
                                 ids=FAMILIES)


def gradients(losses, inputs):
    total = sum(value.sum() for key, value in losses.items()
                if 'mask' in key or 'dice' in key)
    inputs = inputs if isinstance(inputs, list) else [inputs]
    return torch.autograd.grad(total, inputs)


@family
def test_scores_of_one_give_the_bits_of_stock(make, stock, ours):
    loss, inputs, _ = make(stock)
    weighted, others, _ = make(ours)
    expected, found = loss(ground_truth(None)), weighted(ground_truth(ONES))
    assert expected.keys() == found.keys()
    for key, value in expected.items():
        assert torch.equal(value, found[key]), key
    for one, other in zip(gradients(expected, inputs),
                          gradients(found, others), strict=True):
        assert torch.equal(one, other) and one.abs().sum() > 0


@family
def test_a_score_of_zero_removes_the_masks_gradient_and_no_other(
        make, stock, ours):
    loss, inputs, part = make(ours)
    with_all = gradients(loss(ground_truth(ONES)), inputs)
    without = gradients(loss(ground_truth(([1., 1., 1.], [0.]))), inputs)
    assert any(part(grad, 3).abs().sum() > 0 for grad in with_all)
    assert all(part(grad, 3).abs().sum() == 0 for grad in without)
    for one, other in zip(with_all, without, strict=True):
        if len(one) == 2:  # the first image keeps its own
            assert torch.allclose(one[0], other[0])


@family
def test_all_scores_halved_halve_the_mask_losses_alone(make, stock, ours):
    loss = make(ours)[0]
    full = loss(ground_truth(ONES))
    half = loss(ground_truth(([.5, .5, .5], [.5])))
    for key, value in full.items():
        share = .5 if 'mask' in key or 'dice' in key else 1.
        assert torch.allclose(half[key], share * value), key


def test_of_overlapping_labels_each_proposal_has_its_own_weight():
    loss, preds, part = fcn(ScoreWeightedFCNMaskHead)
    grad, = gradients(loss(ground_truth(([0., 1., .5], [1.]))), preds)
    whole, = gradients(loss(ground_truth(ONES)), preds)
    assert part(grad, 0).abs().sum() == 0
    assert torch.allclose(part(grad, 1), part(whole, 1))
    assert torch.allclose(part(grad, 2), part(whole, 2) / 2)


def test_of_solov2_every_cell_has_its_labels_weight():
    """Labels of one image, one switched off at a time, add up to all."""
    loss, kernels, _ = solov2(ScoreWeightedSOLOV2Head)
    one_by_one = [loss(ground_truth((
        [float(i == j) for j in range(3)], [0.])))['loss_mask']
        for i in range(3)]
    assert all(value > 0 for value in one_by_one)
    both = loss(ground_truth(([1., 1., 1.], [0.])))['loss_mask']
    assert torch.allclose(sum(one_by_one), both)


@family
def test_an_image_without_labels_trains(make, stock, ours):
    loss, _, _ = make(ours)
    if make is fcn:
        pytest.skip('proposals without labels do not reach this head')
    images = ground_truth(ONES)
    images[1] = images[1][torch.zeros(1, dtype=torch.bool)]
    assert all(value.isfinite().all() for value in loss(images).values())


@family
def test_labels_without_scores_are_refused(make, stock, ours):
    loss = make(ours)[0]
    with pytest.raises(UserError, match='labels without scores'):
        loss(ground_truth(None))


def test_another_mask_loss_than_cross_entropy_is_refused():
    with pytest.raises(UserError, match='got DiceLoss'):
        ScoreWeightedFCNMaskHead(loss_mask=DICE)
