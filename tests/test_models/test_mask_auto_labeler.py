"""The labeller: teacher, losses, gradients, prediction on its samples."""
import copy
import dataclasses

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.logging import MessageHub
from mmengine.structures import InstanceData

from mmdet_mal.models.map_parts import box_region
from mmdet_mal.registry import MODELS
from mmdet_mal.structures.rle import rle_area, rle_to_mask

SIZE = 64


def config(**kwargs):
    arch = dict(embed_dims=32, num_layers=2, num_heads=2,
                feedforward_channels=64)
    return dict(
        type='mmdet_mal.MaskAutoLabeler',
        data_preprocessor=dict(
            type='mmdet.MultiBranchDataPreprocessor',
            data_preprocessor=dict(
                type='mmdet.DetDataPreprocessor', mean=[120.] * 3,
                std=[60.] * 3, bgr_to_rgb=True)),
        network=dict(
            type='mmdet_mal.MaskNetwork',
            encoder=dict(type='mmpretrain.VisionTransformer', arch=arch,
                         img_size=SIZE, patch_size=16, out_type='featmap'),
            decoder=dict(type='mmdet_mal.AttentionMaskHead',
                         in_channels=[32], channels=16)),
        mil_loss=dict(type='mmdet_mal.MILLoss'),
        crf_loss=dict(type='mmdet_mal.CRFLoss'),
        **kwargs)


@pytest.fixture
def model():
    torch.manual_seed(0)
    model = MODELS.build(config())
    model.init_weights()
    return model


def sample(bbox=(10., 12., 50., 40.), label=0, **meta):
    """A crop that shows image pixels [20, 148) x [4, 132) in 64 px."""
    data = DetDataSample(metainfo=dict(
        img_id=1, ann_id=7, ori_shape=(200, 300), img_shape=(SIZE, SIZE),
        crop_window=np.array([20, 4, 148, 132]),
        valid_bbox=np.array([0, 0, SIZE, SIZE], np.float32),
        bbox=np.array([40., 28., 120., 84.], np.float32), box_area=80 * 56.,
        **meta))
    data.gt_instances = InstanceData(
        bboxes=torch.tensor([bbox]), labels=torch.tensor([label]))
    return data


def batch(n=2):
    torch.manual_seed(1)
    views = {k: [torch.randint(0, 255, (3, SIZE, SIZE), dtype=torch.uint8)
                 for _ in range(n)] for k in ('student', 'teacher')}
    return dict(inputs=views,
                data_samples={k: [sample() for _ in range(n)] for k in views})


def loss(model, data):
    data = model.data_preprocessor(copy.deepcopy(data), True)
    return model(**data, mode='loss')


def test_teacher_starts_as_the_student_and_has_no_gradients(model):
    student = model.student.state_dict()
    for key, tensor in model.teacher.state_dict().items():
        assert torch.equal(tensor, student[key]), key
    total, _ = model.parse_losses(loss(model, batch()))
    total.backward()
    assert all(p.grad is None for p in model.teacher.parameters())
    assert any(p.grad.abs().sum() > 0 for p in model.student.parameters())


def test_teacher_stays_in_evaluation_mode(model):
    model.train()
    assert model.student.training and not model.teacher.training


def test_losses_are_finite_scalars_and_fill_is_not_summed(model):
    losses = loss(model, batch())
    assert set(losses) == {'loss_mil', 'loss_crf', 'fill'}
    total, log = model.parse_losses(losses)
    assert total.item() == pytest.approx(
        (losses['loss_mil'] + losses['loss_crf']).item())
    assert 0 <= log['fill'] <= 1


def test_warm_up_follows_the_runners_iteration():
    torch.manual_seed(0)
    cfg = config()
    cfg['crf_loss']['warmup_iters'] = 4
    model = MODELS.build(cfg)
    hub = MessageHub.get_current_instance()
    values = []
    for iteration in (0, 3, 100):
        hub.update_info('iter', iteration)
        values.append(loss(model, batch())['loss_crf'].item())
    hub.update_info('iter', 0)
    assert values[0] == pytest.approx(values[1] / 4)
    assert values[1] == values[2]


def test_a_few_steps_fit_one_box(model):
    data = batch(1)
    data['inputs']['teacher'] = data['inputs']['student']
    optimizer = torch.optim.AdamW(model.student.parameters(), 1e-3)
    first = None
    for _ in range(30):
        value = loss(model, data)['loss_mil']
        first = first or value.item()
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
    assert value.item() < .6 * first


def test_predict_writes_a_mask_of_the_full_image_inside_the_box(model):
    model.eval()
    data = dict(inputs=[batch()['inputs']['teacher'][0]],
                data_samples=[sample()])
    output, = model.test_step(data)
    rle, = output.pred_instances.masks
    assert rle['size'] == [200, 300]
    assert rle_area(rle) == output.pred_instances.areas.item() > 0
    rows, cols = rle_to_mask(rle).nonzero()
    assert rows.min() >= 28 and rows.max() < 84
    assert cols.min() >= 40 and cols.max() < 120


@pytest.mark.parametrize('refine', ['none', 'mean_field'])
def test_the_two_halves_make_what_predict_makes(refine):
    torch.manual_seed(0)
    model = MODELS.build(config(refine=refine)).eval()
    crops = torch.randn(3, 3, SIZE, SIZE)
    whole = model.predict(crops, [sample() for _ in range(3)])
    maps = model.infer_maps(crops, [sample() for _ in range(3)])
    assert maps.prob.shape == (3, SIZE // 4, SIZE // 4)
    assert not maps.prob.requires_grad
    halves = model.encode_maps(maps, [sample() for _ in range(3)])
    for one, other in zip(whole, halves, strict=True):
        assert one.pred_instances.masks == other.pred_instances.masks
        assert one.pred_instances.mal == other.pred_instances.mal


def test_predict_of_no_crop_is_no_sample(model):
    assert model.predict(torch.zeros(0, 3, SIZE, SIZE), []) == []


def test_flip_average_does_not_change_under_mirroring():
    torch.manual_seed(0)
    model = MODELS.build(config(flip=True)).eval()
    crops, area = torch.randn(1, 3, SIZE, SIZE), torch.tensor([5000.])
    prob = model.predict_probability(crops, area)
    mirrored = model.predict_probability(crops.flip(-1), area)
    torch.testing.assert_close(prob, mirrored.flip(-1))


def test_refinement_is_the_mean_field_of_the_crf_loss(monkeypatch):
    torch.manual_seed(0)
    model = MODELS.build(config(refine='mean_field')).eval()
    seen = []
    original = model.crf_loss.marginals

    def spy(unary, image, valid):
        seen.append((unary, image, valid))
        return torch.ones_like(original(unary, image, valid))

    monkeypatch.setattr(model.crf_loss, 'marginals', spy)
    crops = torch.randn(1, 3, SIZE, SIZE)
    output, = model.predict(crops, [sample()])
    (unary, image, valid), = seen
    prob = model.predict_probability(crops, torch.tensor([80 * 56.]))
    in_box = box_region([sample()], prob)
    assert 0 < in_box.sum() < in_box.numel()
    # Beyond the box the mean field is told that there is ground.
    torch.testing.assert_close(unary, prob * in_box)
    assert image.shape == (1, 3, SIZE // 4, SIZE // 4)
    assert valid.all()
    # Marginals of 1 everywhere fill the box.
    assert output.pred_instances.areas.item() == 80 * 56


@pytest.mark.parametrize('predictor', ['teacher', 'student', 'mean'])
def test_predictors(predictor):
    torch.manual_seed(0)
    model = MODELS.build(config(predictor=predictor)).eval()
    with torch.no_grad():
        for parameter in model.teacher.parameters():
            parameter.mul_(.5)
    crops, area = torch.randn(1, 3, SIZE, SIZE), torch.tensor([5000.])
    prob = {name: network(crops, area).sigmoid() for name, network in (
        ('teacher', model.teacher), ('student', model.student))}
    prob['mean'] = (prob['teacher'] + prob['student']) / 2
    torch.testing.assert_close(model.predict_probability(crops, area),
                               prob[predictor])


ALWAYS = {'raw_mask_score', 'stability', 'sharpness', 'entropy', 'map_fill',
          'spill'}


@pytest.mark.parametrize('options, extra', [
    pytest.param({}, set(), id='plain'),
    pytest.param(dict(flip=True), {'flip_iou'}, id='flip'),
    pytest.param(dict(predictor='mean'), {'student_teacher_iou'}, id='mean'),
    pytest.param(dict(quality_views='both_networks'), {'student_teacher_iou'},
                 id='both networks'),
    pytest.param(dict(refine='mean_field', flip=True), {'flip_iou', 'refine_iou'},
                 id='refined')])
def test_components_that_the_switches_give(options, extra):
    torch.manual_seed(0)
    model = MODELS.build(config(**options)).eval()
    maps = model.infer_maps(torch.randn(2, 3, SIZE, SIZE), [sample(), sample()])
    assert set(maps.parts) == ALWAYS | extra
    # Untrained maps may refine to nothing: ones make sure of a mask.
    maps.prob.fill_(1.0)
    output = model.encode_maps(maps, [sample(), sample()])[1].pred_instances
    assert output.scores.item() == pytest.approx(
        maps.parts['raw_mask_score'][1].item())
    assert output.mal[0]['spill'] == maps.parts['spill'][1].item()


def test_components_compare_the_views_that_they_are_named_for():
    torch.manual_seed(0)
    model = MODELS.build(config(flip=True, quality_views='both_networks')).eval()
    with torch.no_grad():
        for parameter in model.student.parameters():
            parameter.add_(.05 * torch.randn_like(parameter))
    crops, area = torch.randn(1, 3, SIZE, SIZE), torch.tensor([80 * 56.])
    parts = model.infer_maps(crops, [sample()]).parts
    # The box in cells: (40 .. 120, 28 .. 84) of a window (20 .. 148, 4 .. 132).
    box = np.s_[0, 3:10, 3:12]
    teacher, student = (network(crops, area)[box] > 0
                        for network in (model.teacher, model.student))
    mirrored = model.teacher(crops.flip(-1), area).flip(-1)[box] > 0
    for name, other in (('student_teacher_iou', student), ('flip_iou', mirrored)):
        expected = (teacher & other).sum() / (teacher | other).sum()
        assert parts[name].item() == pytest.approx(expected.item()), name


def test_components_do_not_change_masks():
    torch.manual_seed(0)
    cfg = config(refine='mean_field', flip=True)
    state = MODELS.build(cfg).state_dict()
    crops, masks = torch.randn(3, 3, SIZE, SIZE), []
    for options in ({}, dict(quality_views='both_networks',
                             quality=dict(calibration='coco_mini'))):
        model = MODELS.build({**cfg, **options}).eval()
        model.load_state_dict(state)
        samples = model.predict(crops, [sample() for _ in range(3)])
        masks.append([s.pred_instances.masks for s in samples])
    plain = MODELS.build(cfg).eval()
    plain.load_state_dict(state)
    maps = plain.infer_maps(crops, [sample() for _ in range(3)]).prob
    bare = plain.encode_maps(maps, [sample() for _ in range(3)])
    masks.append([s.pred_instances.masks for s in bare])
    assert masks[0] == masks[1] == masks[2]


def test_mean_teacher_hook_moves_the_teacher_by_the_momentum(model):
    from mmengine.registry import HOOKS
    hook = HOOKS.build(dict(type='mmdet.MeanTeacherHook', momentum=.004,
                            skip_buffer=False))
    with torch.no_grad():
        for parameter in model.student.parameters():
            parameter.add_(1.)
    before = copy.deepcopy(model.teacher.state_dict())
    hook.momentum_update(model, hook.momentum)
    for key, tensor in model.teacher.state_dict().items():
        torch.testing.assert_close(tensor, before[key] + .004)


@pytest.mark.parametrize(
    'switch', ['predictor', 'refine', 'quality_views', 'teacher_start'])
def test_unknown_switches_are_refused(switch):
    with pytest.raises(ValueError, match=switch):
        MODELS.build(config(**{switch: 'both'}))


def test_class_loss_is_that_of_the_decoders_class_branch():
    torch.manual_seed(0)
    cfg = config(class_loss=dict(type='mmdet_mal.ClassLoss', loss_weight=.5))
    cfg['network']['decoder']['num_classes'] = 3
    model = MODELS.build(cfg)
    data = batch()
    data['data_samples']['student'] = [sample(label=2), sample(label=1)]
    losses = loss(model, data)
    prepared = model.data_preprocessor(copy.deepcopy(data), True)
    crops = prepared['inputs']['student']
    logits = model.student.decode_with_classes(
        model.student.extract(crops), torch.tensor([80 * 56.] * 2),
        (SIZE, SIZE)).class_logits
    expected = .5 * torch.nn.functional.cross_entropy(logits,
                                                      torch.tensor([2, 1]))
    assert losses['loss_class'].item() == pytest.approx(expected.item())
    total, _ = model.parse_losses(losses)
    total.backward()
    assert model.student.decoder.classifier.weight.grad.abs().sum() > 0


@pytest.mark.parametrize('num_classes, class_loss', [
    (3, None), (0, dict(type='mmdet_mal.ClassLoss'))],
    ids=['branch without loss', 'loss without branch'])
def test_class_loss_and_class_branch_belong_together(num_classes, class_loss):
    cfg = config(class_loss=class_loss)
    cfg['network']['decoder']['num_classes'] = num_classes
    with pytest.raises(ValueError, match='class_loss'):
        MODELS.build(cfg)


def test_a_teacher_with_a_random_start_has_other_weights():
    torch.manual_seed(0)
    model = MODELS.build(config(teacher_start='random'))
    model.init_weights()
    student, teacher = (getattr(model, name).decoder.key[0].weight
                        for name in ('student', 'teacher'))
    assert (student != teacher).all()
    assert not any(p.requires_grad for p in model.teacher.parameters())


def test_a_box_between_open_ranges_gets_its_box_as_mask():
    cfg = config()
    cfg['network']['decoder']['size_ranges'] = 'open'
    model = MODELS.build(cfg).eval()
    data = sample()
    data.set_metainfo(dict(box_area=96. * 96.))
    predicted, = model.predict(torch.randn(1, 3, SIZE, SIZE), [data])
    rle, = predicted.pred_instances.masks
    mask = rle_to_mask(rle)
    assert mask[28:84, 40:120].all() and rle_area(rle) == 56 * 80


def prepared(model, n=2):
    data = batch(n)
    data = model.data_preprocessor(
        dict(inputs=data['inputs']['teacher'],
             data_samples=data['data_samples']['teacher']), False)
    return data['inputs'], data['data_samples']


def test_expansions_average_views_of_the_same_frame():
    torch.manual_seed(0)
    model = MODELS.build(config(expansions=(.1, 0.))).eval()
    crops, samples = prepared(model)
    with torch.no_grad():
        maps = model.infer_maps(crops, samples).prob
        model.expansions = ()
        plain = model.infer_maps(crops, samples).prob
    assert maps.shape == plain.shape
    # Beyond the narrow views the crop's own map stands alone.
    assert torch.equal(maps[:, 0], plain[:, 0])
    assert not torch.allclose(maps[:, 6], plain[:, 6], atol=1e-6)
    assert maps.min() >= 0 and maps.max() <= 1


def test_a_mean_field_at_crop_resolution_is_finer_and_keeps_to_the_box():
    torch.manual_seed(0)
    model = MODELS.build(config(refine='mean_field_full')).eval()
    crops, samples = prepared(model)
    found = model.infer_maps(crops, samples)
    assert found.prob.shape[-2:] == crops.shape[-2:]
    model.refine = 'mean_field'
    coarse = model.infer_maps(crops, samples)
    assert coarse.prob.shape[-1] * 4 == found.prob.shape[-1]
    assert found.parts.keys() == coarse.parts.keys()
    assert (model.predict(crops, samples)[0].pred_instances.areas > 0).all()


def test_a_margin_moves_the_cut_of_the_mean_field(monkeypatch):
    torch.manual_seed(0)
    model = MODELS.build(config(refine='mean_field')).eval()
    # What goes into the mean field comes out of it.
    monkeypatch.setattr(model.crf_loss, 'marginals',
                        lambda unary, image, valid: unary)
    crops, samples = prepared(model, 1)
    tight = model.infer_maps(crops, samples).prob
    model.mask_options = dataclasses.replace(model.mask_options, box_margin=.1)
    loose = model.infer_maps(crops, samples).prob
    assert ((loose > 0).sum() > (tight > 0).sum())
    assert torch.equal(loose[tight > 0], tight[tight > 0])


def test_the_grouping_speaks_beside_the_network():
    torch.manual_seed(0)
    model = MODELS.build(config(label_grouping=dict(network_weight=.25),
                                quality_views='both_networks')).eval()
    crops, samples = prepared(model)
    network = model.predict_probability(crops, torch.full((2, ), 80 * 56.))
    found = model.infer_maps(crops, samples)
    grouping = model.label_grouping
    with torch.no_grad():
        scores = grouping.score_tokens(model.teacher.extract(crops)[0], samples,
                                       crops.shape[-2:])
    torch.testing.assert_close(found.prob, grouping.combine(network, scores))
    assert {'refine_iou', 'student_teacher_iou'} <= found.parts.keys()
    model.refine = 'mean_field'
    assert not torch.equal(model.infer_maps(crops, samples).prob, found.prob)
    model.label_grouping, model.refine = None, 'none'
    torch.testing.assert_close(model.infer_maps(crops, samples).prob, network)


@pytest.mark.parametrize('options', [
    dict(refine='mean field'), dict(expansions=(-.1, )),
    dict(label_grouping=dict(network_weight=-1.))])
def test_wrong_switches_are_refused(options):
    with pytest.raises(ValueError):
        MODELS.build(config(**options))


NAMES = ('mil_loss', 'crf_loss', 'grouping_loss', 'pairwise_loss', 'class_loss')


def test_losses_are_reached_by_the_names_of_their_settings():
    model = MODELS.build(config(pairwise_loss=dict(type='mmdet_mal.PairwiseLoss')))
    kinds = [type(getattr(model, name)).__name__ for name in NAMES]
    assert kinds == ['MILLoss', 'CRFLoss', 'NoneType', 'PairwiseLoss', 'NoneType']


def test_optional_losses_leave_the_keys_of_a_checkpoint_alone(model):
    more = MODELS.build(config(
        pairwise_loss=dict(type='mmdet_mal.PairwiseLoss'), loss_scales=(1, 2),
        grouping_loss=dict(type='mmdet_mal.TokenGroupingLoss', fade_iters=9)))
    keys = list(model.state_dict())
    assert list(more.state_dict()) == keys
    assert {key.partition('.')[0] for key in keys} == {'student', 'teacher'}


def test_pairwise_loss_and_scales_act_through_the_model():
    found = {}
    for name, options in (
            ('plain', {}), ('scales', dict(loss_scales=(1, 2))),
            ('pairs', dict(pairwise_loss=dict(type='mmdet_mal.PairwiseLoss',
                                              theta=9.)))):
        torch.manual_seed(0)
        model = MODELS.build(config(**options))
        model.init_weights()
        found[name] = loss(model, batch())
    assert set(found['pairs']) == {'loss_mil', 'loss_crf', 'loss_pairwise', 'fill'}
    assert found['pairs']['loss_pairwise'] > 0
    for key in ('loss_mil', 'loss_crf'):
        assert torch.equal(found['pairs'][key], found['plain'][key])
        assert not torch.equal(found['scales'][key], found['plain'][key])
