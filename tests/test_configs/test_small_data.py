"""The config for grids of the small recipe, and the grid itself."""

from pathlib import Path

import pytest
import torch
from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmdet_mal.ablation.grid import load_grid
from mmdet_mal.ablation.overrides import apply_overrides
from mmdet_mal.ablation.shorten import count_iterations, shorten_training
from mmdet_mal.datasets.other_boxes import wants_other_boxes
from mmdet_mal.registry import HOOKS, MODELS, OPTIM_WRAPPER_CONSTRUCTORS

CONFIGS = Path(__file__).resolve().parents[2] / 'configs/mal'
SMALL_GRID = CONFIGS / 'mal_deit-ti_small-grid_coco-mini.py'
GRID = load_grid(CONFIGS / 'ablations/small_data.yaml', str(SMALL_GRID))
BOXES = 1188


def test_it_is_the_small_recipe_but_for_size_and_schedule():
    recipe = Config.fromfile(CONFIGS / 'mal_deit-ti_coco-mini.py').to_dict()
    small = Config.fromfile(SMALL_GRID).to_dict()
    model = small['model']
    assert model['network']['encoder'].pop('img_size') == 160
    recipe['model']['network']['encoder'].pop('img_size')
    for cfg in (model, recipe['model']):
        cfg['crf_loss'].pop('warmup_iters')
        cfg['grouping_loss'].pop('fade_iters')
    assert model == recipe['model']
    for key in ('custom_hooks', 'optim_wrapper', 'train_cfg', 'default_hooks'):
        assert small[key] == recipe[key], key
    for pipelines in zip(small['train_pipeline'], recipe['train_pipeline'],
                         strict=True):
        for step in pipelines:
            step.pop('size', None)
        assert pipelines[0] == pipelines[1]


def test_three_hundred_iterations_keep_its_warm_ups_and_fade():
    cfg = Config.fromfile(SMALL_GRID)
    shorten_training(cfg, 300, BOXES)
    assert count_iterations(cfg, BOXES) == 298
    assert cfg.param_scheduler[0].end == 60
    assert cfg.model.crf_loss.warmup_iters == 60
    assert cfg.model.grouping_loss.fade_iters == 149
    assert cfg.train_dataloader.batch_size == cfg.auto_scale_lr.base_batch_size == 8


@pytest.fixture(params=GRID.cells, ids=lambda cell: cell.slug)
def cell(request):
    cfg = Config.fromfile(request.param.config)
    apply_overrides(cfg, request.param.overrides, request.param.name)
    return request.param.name, cfg


def test_each_cell_builds_and_differs_from_the_base(cell):
    name, cfg = cell
    with torch.device('meta'):
        model = MODELS.build(cfg.model)
    wrapper = dict(cfg.optim_wrapper, type='OptimWrapper')
    constructor = wrapper.pop('constructor')
    OPTIM_WRAPPER_CONSTRUCTORS.build(dict(
        type=constructor, optim_wrapper_cfg=wrapper,
        paramwise_cfg=wrapper.pop('paramwise_cfg')))(model)
    for hook in cfg.custom_hooks:
        HOOKS.build(dict(hook))
    with DefaultScope.overwrite_default_scope('mmdet'):
        pipeline = Compose(cfg.train_dataloader.dataset.pipeline)
    assert wants_other_boxes(pipeline) == (name == 'pasted boxes')
    same = cfg.to_dict() == Config.fromfile(SMALL_GRID).to_dict()
    assert same == (name == GRID.base)


def test_the_pairwise_loss_rises_for_half_of_a_shortened_training():
    pairwise, = (one for one in GRID.cells if 'pairwise' in one.name)
    cfg = Config.fromfile(pairwise.config)
    apply_overrides(cfg, pairwise.overrides, pairwise.name)
    shorten_training(cfg, 300, BOXES)
    assert cfg.model.pairwise_loss.warmup_iters == 149
