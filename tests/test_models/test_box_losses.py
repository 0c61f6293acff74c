"""The training losses together: one scale, several, and what is optional."""
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmdet.structures import DetDataSample
from mmengine.logging import MessageHub
from mmengine.structures import InstanceData

from mmdet_mal.models.box_geometry import rectangle_mask
from mmdet_mal.models.box_losses import BoxLosses, filled_share
from mmdet_mal.utils.errors import UserError

SIZE, CELLS = 64, 16
VALID = (0., 0., 36., 64.)  # nine columns of cells, the ninth half of a pair
BOXES = ((6., 10., 30., 50.), (2., 4., 35., 60.))


def build(**kwargs):
    return BoxLosses(dict(type='mmdet_mal.MILLoss'), dict(type='mmdet_mal.CRFLoss'),
                     **kwargs)


def scene():
    """Arguments of a batch of two crops."""
    torch.manual_seed(0)
    logits, teacher = torch.randn(2, 2, CELLS, CELLS)
    image = torch.randn(2, 3, SIZE, SIZE)
    samples = []
    for box in BOXES:
        sample = DetDataSample(metainfo=dict(valid_bbox=np.float32(VALID)))
        sample.gt_instances = InstanceData(
            bboxes=torch.tensor([box]), labels=torch.tensor([1]))
        samples.append(sample)
    return dict(logits=logits, teacher_logits=teacher, image=image, samples=samples,
                teacher_tokens=torch.randn(2, 8, 4, 4))


def alone(losses, scale):
    """MIL, CRF and pairwise loss of the scene at one scale, by hand."""
    data = scene()
    cells, stride = (CELLS // scale, ) * 2, SIZE // CELLS * scale
    logits, teacher = (
        F.adaptive_avg_pool2d(data[key][:, None], cells)[:, 0]
        if scale > 1 else data[key] for key in ('logits', 'teacher_logits'))
    box = rectangle_mask(torch.tensor(BOXES), cells, stride)
    valid = torch.zeros_like(box)
    # Whole cells only: nine at stride 4, four at stride 8, two at 16.
    valid[:, :, :36 // stride] = True
    colours = F.avg_pool2d(data['image'], stride)
    found = dict(loss_mil=losses.mil(logits, box, valid),
                 loss_crf=losses.crf(logits, teacher, colours, box, valid))
    if losses.pairwise is not None:
        found['loss_pairwise'] = losses.pairwise(logits, colours, box, valid)
    return found


def test_one_scale_is_the_losses_themselves_to_the_bit():
    losses = build()
    found = losses(**scene())
    assert list(found) == ['loss_mil', 'loss_crf', 'fill']
    for key, value in alone(losses, 1).items():
        assert torch.equal(found[key], value)


@pytest.mark.parametrize('scales', [(1, 2), (2, ), (1, 2, 4)], ids=str)
def test_several_scales_are_averaged(scales):
    losses = build(scales=scales, pairwise_loss=dict(type='mmdet_mal.PairwiseLoss',
                                                     theta=1.))
    found, parts = losses(**scene()), [alone(losses, scale) for scale in scales]
    for key in ('loss_mil', 'loss_crf', 'loss_pairwise'):
        assert found[key] > 0
        torch.testing.assert_close(found[key], sum(p[key] for p in parts) / len(parts))
    assert found['fill'] == build()(**scene())['fill']


def test_crops_need_not_be_square():
    """Wide crops have the losses of their transposes."""
    torch.manual_seed(0)
    losses = build(pairwise_loss=dict(type='mmdet_mal.PairwiseLoss', theta=1.))
    logits, teacher = torch.randn(2, 2, 10, 24)
    image = torch.randn(2, 3, 40, 96)
    box, valid = (8., 6., 70., 30.), (0., 0., 80., 40.)
    found = []
    for turn in (lambda x: x, lambda x: x.mT):
        order = [0, 1, 2, 3] if not found else [1, 0, 3, 2]
        sample = DetDataSample(metainfo=dict(
            valid_bbox=np.float32(valid)[order]))
        sample.gt_instances = InstanceData(bboxes=torch.tensor([box])[:, order],
                                           labels=torch.tensor([1]))
        found.append(losses(turn(logits), turn(teacher), turn(image), [sample] * 2,
                            torch.randn(2, 8, 4, 4)))
    assert found[0]['fill'] == found[1]['fill'] > 0
    for key in ('loss_mil', 'loss_crf', 'loss_pairwise'):
        torch.testing.assert_close(found[0][key], found[1][key])


@pytest.mark.parametrize('height, width', [(64, 128), (128, 64), (64, 7)])
def test_another_stride_downwards_than_across_is_refused(height, width):
    data = scene()
    data['image'] = torch.zeros(2, 3, height, width)
    with pytest.raises(UserError, match=rf'maps of \(16, 16\) for crops of '
                       rf'\({height}, {width}\) px have'):
        build()(**data)


def test_padding_has_no_say_at_any_scale():
    losses = build(scales=(1, 2, 4),
                   pairwise_loss=dict(type='mmdet_mal.PairwiseLoss', theta=1.))
    data = scene()
    before = losses(**data)
    for key in ('logits', 'teacher_logits'):
        data[key][..., 9:] = 30.
    data['image'][..., 36:] = 5.
    after = losses(**data)
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_gradients_reach_the_student_from_each_scale():
    data = scene()
    data['logits'].requires_grad_()
    build(scales=(4, ))(**data)['loss_mil'].backward()
    gradient = data['logits'].grad
    # A pooled maximum moves all the pixels that it was pooled of.
    blocks = gradient.unfold(1, 4, 4).unfold(2, 4, 4).flatten(3)
    assert gradient.any() and torch.equal(blocks.amax(-1), blocks.amin(-1))


def test_the_pairwise_loss_is_warmed_up_by_the_runners_iteration():
    losses = build(pairwise_loss=dict(type='mmdet_mal.PairwiseLoss', theta=1.,
                                      warmup_iters=4))
    hub, found = MessageHub.get_current_instance(), []
    for iteration in (0, 3, 100):
        hub.update_info('iter', iteration)
        found.append(losses(**scene())['loss_pairwise'].item())
    hub.update_info('iter', 0)
    assert found[0] == pytest.approx(found[1] / 4) and found[1] == found[2] > 0


def test_the_grouping_lasts_until_it_has_faded():
    losses = build(grouping_loss=dict(type='mmdet_mal.TokenGroupingLoss',
                                      fade_iters=10))
    hub, found = MessageHub.get_current_instance(), []
    for iteration in (0, 5, 10):
        hub.update_info('iter', iteration)
        found.append(losses(**scene()).get('loss_grouping', torch.zeros(())).item())
    hub.update_info('iter', 0)
    assert found[0] > 0 and found[1] == pytest.approx(found[0] / 2)
    assert found[2] == 0


def test_the_class_loss_reads_the_class_branch():
    losses = build(class_loss=dict(type='mmdet_mal.ClassLoss'), num_classes=3)
    found = losses(**scene(), class_logits=torch.zeros(2, 3))['loss_class']
    assert found.item() == pytest.approx(math.log(3))


def test_no_checkpoint_knows_of_the_losses():
    losses = build(
        scales=(1, 2), num_classes=2, class_loss=dict(type='mmdet_mal.ClassLoss'),
        pairwise_loss=dict(type='mmdet_mal.PairwiseLoss'),
        grouping_loss=dict(type='mmdet_mal.TokenGroupingLoss', fade_iters=1))
    assert not losses.state_dict() and not list(losses.buffers())


@pytest.mark.parametrize('scales', [(), (0, ), (1.5, ), (1, 1), (2, -1)], ids=str)
def test_wrong_scales_are_refused(scales):
    with pytest.raises(ValueError, match='loss_scales'):
        build(scales=scales)


def test_a_scale_that_does_not_divide_the_maps_is_refused():
    with pytest.raises(ValueError, match=r'\(16, 16\) cannot be pooled by 3'):
        build(scales=(1, 3))(**scene())


@pytest.mark.parametrize('options', [
    dict(num_classes=3), dict(class_loss=dict(type='mmdet_mal.ClassLoss'))], ids=str)
def test_branch_and_loss_of_classes_belong_together(options):
    with pytest.raises(ValueError, match='belong together'):
        build(**options)


def test_filled_share_by_hand():
    logits = torch.tensor([[[1., -1., 0., 2.]]], requires_grad=True)
    inside = torch.tensor([[[True, True, True, False]]])
    share = filled_share(logits, inside)
    assert share.item() == pytest.approx(1 / 3) and not share.requires_grad
    assert filled_share(logits, ~torch.ones_like(inside)).item() == 0
