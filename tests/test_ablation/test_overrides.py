import json
from pathlib import Path

import pytest
from mmengine.config import Config

from mmdet_mal.ablation.grid import load_grid
from mmdet_mal.ablation.overrides import apply_overrides, lookup
from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.tool import load_config

GRIDS = Path(__file__).resolve().parents[2] / 'configs/mal/ablations'


def config():
    return Config(dict(
        size=(64, 64),
        model=dict(
            head=dict(type='mmdet_mal.AttentionMaskHead', in_channels=[32],
                      channels=16),
            crf=dict(type='mmdet_mal.CRFLoss', zeta=.5)),
        pipeline=[
            dict(type='mmdet_mal.LoadBoxImage'),
            dict(type='mmdet_mal.RandomBoxExpansion', max_rate=1.2),
            dict(type='RandomApply', transforms=[dict(type='Resize', scale=1)]),
            dict(type='RandomApply', transforms=[]),
        ]))


@pytest.mark.parametrize('key, value', [
    ('model.crf.zeta', .1),
    ('model.head', None),
    ('pipeline.1.max_rate', .6),
    ('pipeline.RandomBoxExpansion.max_rate', .6),
    ('pipeline.RandomBoxExpansion.rule', 'independent'),  # has its default
    ('pipeline.2.transforms.Resize.scale', 2),
    ('model.head.size_routing', False),  # an argument of the base class
])
def test_a_setting_is_set(key, value):
    cfg = config()
    apply_overrides(cfg, {key: value}, 'cell a')
    assert lookup(cfg._cfg_dict, key, '') == value


def test_a_mapping_takes_the_place_of_the_old_one():
    cfg = config()
    apply_overrides(cfg, {'model.head': dict(
        type='mmdet_mal.ConvMaskHead', in_channels='$model.head.in_channels',
        channels='$model.head.channels')}, 'cell a')
    assert cfg.model.head == dict(
        type='mmdet_mal.ConvMaskHead', in_channels=[32], channels=16)


def test_a_reference_is_the_value_before_any_override():
    cfg = config()
    apply_overrides(cfg, {'model.head.channels': 8,
                          'model.crf.zeta': '$model.head.channels'}, 'cell a')
    assert cfg.model.crf.zeta == 16


@pytest.mark.parametrize('key, value, message', [
    pytest.param('model.crf.zetta', 1, 'no setting .zetta.; perhaps zeta',
                 id='misspelt'),
    pytest.param('modle.crf.zeta', 1, 'the config has no setting .modle.',
                 id='misspelt on the way'),
    pytest.param('new', 1, 'no setting .new.', id='new at the top'),
    pytest.param('pipeline.RandomFlip.prob', 1, 'no .RandomFlip.; its types are',
                 id='not in the list'),
    pytest.param('pipeline.RandomApply.prob', 1, 'several', id='ambiguous'),
    pytest.param('pipeline.9.prob', 1, 'list of 4', id='index too large'),
    pytest.param('size.height', 1, 'list of 2', id='into a tuple'),
    pytest.param('model.crf.zeta.low', 1, 'which has no setting', id='into a number'),
    pytest.param('model.head', {'type': 'mmdet_mal.ConvMaskHead', 'chanels': 3},
                 'takes no chanels', id='misspelt argument'),
    pytest.param('model.head', {'type': 'mmdet_mal.NoSuchHead'},
                 'no class .mmdet_mal.NoSuchHead.', id='unknown class'),
    pytest.param('model.head.channels', '$model.head.chanels', 'no setting',
                 id='reference to nothing'),
])
def test_what_the_config_does_not_know_is_refused(key, value, message):
    cfg = config()
    before = cfg._cfg_dict.to_dict()
    with pytest.raises(UserError, match=message) as error:
        apply_overrides(cfg, {key: value}, 'cell a')
    assert 'cell a' in str(error.value) and '\n' not in str(error.value)
    assert cfg._cfg_dict.to_dict() == before


@pytest.mark.parametrize('path', sorted(GRIDS.glob('*.yaml')), ids=lambda p: p.stem)
def test_every_cell_of_the_shipped_grids_fits_its_config(path):
    grid = load_grid(path)
    assert len(grid.cells) > 1 and grid.title and grid.source
    changed = set()
    for cell in grid.cells:
        cfg = load_config(cell.config)
        before = cfg._cfg_dict.to_dict()
        apply_overrides(cfg, cell.overrides, cell.name)
        # Only the base may say what the config says anyway.
        assert cell.name == grid.base or cfg._cfg_dict.to_dict() != before or (
            cell.config != grid.base_cell.config)
        changed.add(str(cfg._cfg_dict.to_dict()))
    assert len(changed) == len(grid.cells)


@pytest.mark.parametrize('name', ['theta', 'decoder', 'loss_weights', 'zeta',
                                  'omega', 'ema'])
def test_the_papers_grids_fit_its_own_config_too(name):
    grid = load_grid(GRIDS / f'{name}.yaml', str(
        GRIDS.parent / 'mal_vit-mae-b_coco.py'))
    for cell in grid.cells:
        apply_overrides(load_config(cell.config), cell.overrides, cell.name)


@pytest.mark.parametrize('name', ['decoder', 'encoder', 'switches'])
def test_the_models_of_the_small_grids_can_be_built(name):
    from mmengine.registry import MODELS, DefaultScope
    models = {}
    for cell in load_grid(GRIDS / f'{name}.yaml').cells:
        cfg = load_config(cell.config)
        apply_overrides(cfg, cell.overrides, cell.name)
        models[str(cfg.model)] = cfg.model
    for model in models.values():
        with DefaultScope.overwrite_default_scope('mmdet'):
            MODELS.build(model)


def test_the_presets_are_compared_in_the_setting_of_the_quick_config():
    # Stated in both: MMEngine lets no fragment own keys of another base.
    base = load_grid(GRIDS / 'presets.yaml').base_cell
    cell = load_config(base.config)
    apply_overrides(cell, base.overrides, base.name)
    quick = load_config(str(GRIDS.parent / 'mal_deit-ti_quick_coco-mini.py'))
    for part in ('model', 'train_dataloader', 'test_dataloader', 'param_scheduler',
                 'optim_wrapper', 'custom_hooks', 'train_cfg'):
        # As JSON: a grid has lists where a config has tuples.
        assert json.dumps(cell[part]) == json.dumps(quick[part]), part
