"""Which preset is chosen, as a table."""

import pytest

from mmdet_mal.auto.facts import MIN_AREA, MIN_SIDE
from mmdet_mal.auto.presets import (DEIT_TINY, DINOV2_B, DINOV2_S, PRESETS,
                                    Machine, batch_size_for, choose_preset)
from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.shipped import find_config
from mmdet_mal.utils.tool import load_config

CPU = Machine(cores=2)


def gpu(gib):
    return Machine('cuda', gib, 16, 'GPU X')


@pytest.mark.parametrize('boxes, machine, weights, minutes, wish, name, words', [
    pytest.param(100_000, CPU, DEIT_TINY, None, None, 'instant',
                 ['no GPU', '.711', '.715', '--preset small'], id='CPU'),
    pytest.param(100_000, CPU, DEIT_TINY, 600, None, 'instant', ['no GPU'],
                 id='CPU with much time'),
    pytest.param(500, CPU, DEIT_TINY, None, 'small', 'small', ['asked'],
                 id='CPU, small asked for'),
    pytest.param(1, CPU, DEIT_TINY, 5, 'small', 'small', ['asked'],
                 id='one box is enough if asked for'),
    pytest.param(0, CPU, DEIT_TINY, None, 'small', 'instant',
                 ['no box is large enough'], id='nothing to train on'),
    pytest.param(0, gpu(80), DEIT_TINY, None, None, 'instant', ['0 boxes'],
                 id='GPU, nothing to train on'),
    pytest.param(1999, gpu(80), DEIT_TINY, None, None, 'instant',
                 ['1999 boxes in 7 images', '2000'], id='GPU, few boxes'),
    pytest.param(2000, gpu(80), DINOV2_B, None, None, 'dinov2-b',
                 ['2000 boxes', '80 GiB', 'not measured'], id='large GPU'),
    pytest.param(2000, gpu(16), DINOV2_B, None, None, 'dinov2-b', [],
                 id='just large enough'),
    pytest.param(9000, gpu(15.9), DINOV2_S, None, None, 'dinov2-s', [],
                 id='middle GPU'),
    pytest.param(9000, gpu(80), DINOV2_S, None, None, 'dinov2-s', [],
                 id='large GPU, small weights'),
    pytest.param(9000, gpu(80), DEIT_TINY, None, None, 'instant',
                 ['dinov2_vitb14_pretrain.pth', '--weights'],
                 id='GPU, weights for instant only'),
    pytest.param(9000, gpu(7.9), DEIT_TINY, None, None, 'instant', ['8 GiB', '8'],
                 id='small GPU'),
    pytest.param(9000, gpu(80), DEIT_TINY, 19, None, 'instant',
                 ['--minutes 19', '20'], id='GPU, little time'),
    pytest.param(9000, gpu(80), DINOV2_B, 20, None, 'dinov2-b', [],
                 id='GPU, just enough time'),
    pytest.param(9000, gpu(80), DEIT_TINY, None, 'instant', 'instant', ['asked'],
                 id='GPU, instant asked for'),
    pytest.param(50, gpu(24), DINOV2_S, None, 'dinov2-s', 'dinov2-s', ['asked'],
                 id='GPU, few boxes, asked for'),
])
def test_choice(boxes, machine, weights, minutes, wish, name, words):
    choice = choose_preset(boxes, 7, machine, weights, minutes, wish)
    assert choice.preset == name
    assert (choice.batch_size > 0) == PRESETS[name].trains
    for word in words:
        assert word in choice.reason


@pytest.mark.parametrize('machine, weights, wish, words', [
    pytest.param(CPU, DINOV2_S, 'dinov2-s', ['needs a GPU of 8 GiB', 'small'],
                 id='no GPU'),
    pytest.param(gpu(80), DEIT_TINY, 'dinov2-s',
                 ['dinov2_vits14_pretrain.pth', 'Apache-2.0', 'deit_tiny'],
                 id='other weights'),
    pytest.param(CPU, DINOV2_B, None, ['deit_tiny', 'dinov2_vitb14'],
                 id='CPU with weights for a GPU'),
    pytest.param(CPU, DINOV2_B, 'instant', ['deit_tiny'], id='instant'),
])
def test_a_wish_that_cannot_be_met(machine, weights, wish, words):
    with pytest.raises(UserError) as error:
        choose_preset(5000, 7, machine, weights, None, wish)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize('name, gib, batch_size', [
    ('instant', 80, 0), ('small', 0, 16), ('small', 80, 16), ('dinov2-s', 8, 4),
    ('dinov2-s', 16, 8), ('dinov2-s', 24, 16), ('dinov2-s', 40, 32),
    ('dinov2-b', 40, 8), ('dinov2-b', 80, 32)])
def test_batch_size(name, gib, batch_size):
    assert batch_size_for(PRESETS[name], gpu(gib)) == batch_size


@pytest.mark.parametrize('name', PRESETS)
def test_a_preset_has_a_shipped_config_that_agrees(name, monkeypatch):
    for variable in ('MAL_EPOCHS', 'MAL_EPOCH_ITERS', 'MAL_WEIGHTS'):
        monkeypatch.delenv(variable, raising=False)
    preset = PRESETS[name]
    config = load_config(find_config(preset.config))
    assert bool(config.get('train_dataloader')) == preset.trains
    model = config.model if not preset.trains else config.model.network
    # The file that the config asks for is that of the preset; ours under its
    # name has no hash in it.
    assert preset.weights.file.split('-')[0].removesuffix('.pth') in \
        str(model.pretrained)
    if preset.trains:
        data = config.train_dataloader.dataset
        assert (data.min_area, data.get('min_size', 2)) == (MIN_AREA, MIN_SIDE)
        assert data.faults == 'skip'
        assert config.auto_scale_lr.base_batch_size == (
            16 if name == 'small' else 32)


@pytest.mark.parametrize('epochs, iters', [(1, 1), (4, 3), (60, 2), (18, 75)])
@pytest.mark.parametrize('name', [n for n, p in PRESETS.items() if p.trains])
def test_schedules_fit_any_length(name, epochs, iters, monkeypatch):
    """Built by MMEngine, stepped to the end: rates stay finite and above 0."""
    import torch
    from mmengine.registry import PARAM_SCHEDULERS
    monkeypatch.setenv('MAL_EPOCHS', str(epochs))
    monkeypatch.setenv('MAL_EPOCH_ITERS', str(iters))
    config = load_config(find_config(PRESETS[name].config))
    assert config.train_cfg.max_epochs == epochs
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.)
    schedulers = []
    for spec in config.param_scheduler:
        spec = dict(spec)
        if spec.pop('convert_to_iter_based', False):
            spec.update(by_epoch=False, begin=spec['begin'] * iters,
                        end=spec['end'] * iters)
            if 'T_max' in spec:
                spec['T_max'] *= iters
        schedulers.append(PARAM_SCHEDULERS.build(
            spec, default_args=dict(optimizer=optimizer)))
    for _ in range(epochs * iters):
        assert 0 < optimizer.param_groups[0]['lr'] < 1. + 1e-9
        optimizer.step()
        for scheduler in schedulers:
            scheduler.step()
