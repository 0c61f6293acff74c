"""The device pipeline beside the CPU pipeline, up to losses and gradients."""

import copy

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import DATASETS, init_default_scope

from mmdet_mal.datasets.samplers.sample_key import SampleKey
from mmdet_mal.datasets.seeded_samples import SeededSamples
from mmdet_mal.datasets.windows import collate_windows
from mmdet_mal.registry import MODELS
from mmdet_mal.utils.errors import UserError

CONFIGS = 'configs/mal/mal_vit-mae-b{}_coco.py'
SIZE = (64, 64)
# Of the normalised crops: how many grey levels one is.
LEVELS = torch.tensor([58.395, 57.12, 57.375])[:, None, None]


@pytest.fixture(scope='module', autouse=True)
def _scope():
    init_default_scope('mmdet')


def dataset(coco_mini_root, name, augmented):
    config = Config.fromfile(CONFIGS.format(name))
    pipeline = copy.deepcopy(config.train_pipeline)
    for step in pipeline:
        if 'size' in step:
            step['size'] = SIZE
        if step['type'].endswith('RandomCropFlip') and not augmented:
            step['prob'] = 0.
        if step['type'].endswith('DrawColour') and not augmented:
            step['transforms'] = []
        if step['type'].endswith('MultiBranch') and not augmented:
            step['student'] = step['student'][-1:]
    boxes = DATASETS.build(dict(
        config.train_dataloader.dataset, data_root=str(coco_mini_root),
        ann_file='annotations/boxes_train.json', known_faults=(),
        data_prefix=dict(img='images/'), pipeline=pipeline, indices=24,
        check_images='none'))
    return SeededSamples(boxes)


@pytest.fixture(scope='module')
def preprocessors():
    return [MODELS.build(Config.fromfile(
        CONFIGS.format(name)).model.data_preprocessor) for name in ('', '_gpu')]


@pytest.fixture(scope='module')
def sets(coco_mini_root):
    """CPU and device data sets by whether they augment."""
    return {augmented: [dataset(coco_mini_root, name, augmented)
                        for name in ('', '_gpu')]
            for augmented in (False, True)}


def batches(sets, preprocessors, augmented, keys):
    """The model's inputs by both pipelines."""
    plain, windows = sets[augmented]
    return (preprocessors[0](pseudo_collate([plain[k] for k in keys]), True),
            preprocessors[1](collate_windows([windows[k] for k in keys]), True))


@pytest.mark.parametrize('augmented', [False, True],
                         ids=['plain', 'augmented'])
def test_a_sample_is_the_same_on_both_ways(sets, preprocessors, augmented):
    """The same draws, boxes and meta data; pixels but for rounding."""
    keys = [SampleKey(i, epoch=3, seed=1) for i in range(8)]
    cpu, device = batches(sets, preprocessors, augmented, keys)
    for branch in ('student', 'teacher'):
        gap = (cpu['inputs'][branch] - device['inputs'][branch]).abs() * LEVELS
        assert gap.mean((1, 2, 3)).max() <= .6, branch
        if branch == 'teacher' or not augmented:
            assert gap.max() <= 1.01
    for one, two in zip(cpu['data_samples']['student'],
                        device['data_samples']['student'], strict=True):
        assert torch.equal(one.gt_instances.bboxes, two.gt_instances.bboxes)
        assert torch.equal(one.gt_instances.labels, two.gt_instances.labels)
        assert set(one.metainfo_keys()) == set(two.metainfo_keys())
        for name in one.metainfo_keys():
            assert np.array_equal(one.get(name), two.get(name)), name
    if augmented:
        changed = device['inputs']['student'] != device['inputs']['teacher']
        assert 1 <= changed.any(3).any(2).any(1).sum() < len(keys)


def test_a_sample_does_not_depend_on_its_batch(sets, preprocessors):
    keys = [SampleKey(i, epoch=3, seed=1) for i in range(6)]
    _, together = batches(sets, preprocessors, True, keys)
    for i in (0, 3, 5):
        _, alone = batches(sets, preprocessors, True, keys[i:i + 1])
        for branch in ('student', 'teacher'):
            assert torch.equal(together['inputs'][branch][i],
                               alone['inputs'][branch][0])


def test_the_epoch_decides_what_is_drawn(sets, preprocessors):
    first, again, later = (
        batches(sets, preprocessors, True, [SampleKey(2, epoch, 1)])[1]
        for epoch in (3, 3, 4))
    assert torch.equal(first['inputs']['teacher'], again['inputs']['teacher'])
    assert not torch.equal(first['inputs']['teacher'],
                           later['inputs']['teacher'])


def labeller():
    """A tiny student and teacher with the paper's losses."""
    config = Config.fromfile(CONFIGS.format('')).model
    config.network.pretrained = None
    config.network.encoder.update(img_size=SIZE[0], arch=dict(
        embed_dims=32, num_layers=2, num_heads=2, feedforward_channels=64))
    config.network.decoder.update(in_channels=[32], channels=16)
    torch.manual_seed(0)
    model = MODELS.build(config)
    model.init_weights()
    return model.train()


@pytest.mark.parametrize('augmented', [False, True],
                         ids=['plain', 'augmented'])
def test_losses_and_gradients_of_a_step_agree(sets, preprocessors, augmented):
    """Bounds: half a percent of a loss, 3 degrees between the gradients."""
    keys = [SampleKey(i, epoch=0, seed=2) for i in range(6)]
    results = []
    for data in batches(sets, preprocessors, augmented, keys):
        model = labeller()
        losses = model(**data, mode='loss')
        (losses['loss_mil'] + losses['loss_crf']).backward()
        results.append((losses, torch.cat(
            [p.grad.flatten() for p in model.student.parameters()])))
    (cpu, cpu_gradient), (device, device_gradient) = results
    for name in ('loss_mil', 'loss_crf'):
        assert device[name].item() == pytest.approx(cpu[name].item(), rel=5e-3)
    cosine = torch.cosine_similarity(cpu_gradient, device_gradient, dim=0)
    assert cosine > .9986


def test_the_device_is_never_asked(sets):
    """On the meta device every look at a value is an error."""
    preprocessor = MODELS.build(
        Config.fromfile(CONFIGS.format('_gpu')).model.data_preprocessor)
    preprocessor.to('meta')
    batch = collate_windows([sets[True][1][SampleKey(i, 3, 1)] for i in range(8)])
    assert {name for name, _, _ in batch['inputs'].steps} >= {'hue', 'blur'}
    found = preprocessor(batch, True)
    for branch in ('student', 'teacher'):
        assert found['inputs'][branch].is_meta
        assert found['inputs'][branch].shape == (8, 3, *SIZE)
    with pytest.raises(RuntimeError):
        found['inputs']['student'].sum().item()


def test_crops_of_a_label_run_are_treated_as_ever(preprocessors):
    data = dict(inputs=[torch.randint(0, 256, (3, 8, 8), dtype=torch.uint8)],
                data_samples=None)
    assert torch.equal(preprocessors[0](dict(data))['inputs'],
                       preprocessors[1](dict(data))['inputs'])


def test_the_plain_view_alone_without_training(sets, preprocessors):
    samples = [sets[False][1][SampleKey(0, 0, 0)]]
    found = preprocessors[1](collate_windows(samples), False)
    assert found['inputs'].shape == (1, 3, *SIZE)
    assert len(found['data_samples']) == 1


def test_windows_batched_by_another_function(sets, preprocessors):
    samples = [sets[False][1][SampleKey(i, 0, 0)] for i in range(2)]
    with pytest.raises(UserError, match='2 windows.*collate_windows'):
        preprocessors[1](pseudo_collate(samples), True)


def test_padding_of_crops_is_refused():
    with pytest.raises(ValueError, match='pad_size_divisor=32'):
        MODELS.build(dict(
            type='mmdet_mal.WindowDataPreprocessor', data_preprocessor=dict(
                type='mmdet.DetDataPreprocessor', pad_size_divisor=32)))
