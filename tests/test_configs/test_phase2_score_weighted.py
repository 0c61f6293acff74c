"""Recipes with weighted masks differ in data set and head alone, and train."""

import math
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

FOLDER = Path(__file__).resolve().parents[2] / 'configs/phase2'
NAMES = sorted(path.name for path in (FOLDER / 'score-weighted').glob('*.py'))
# One of each family, in its CPU variant.
MINI = {
    'mask-rcnn_r50_fpn_1x_coco.py': 'mask-rcnn_r50_fpn_coco-mini-cpu.py',
    'solov2_r50_fpn_ms-3x_coco.py': 'solov2_r50_fpn_coco-mini-cpu.py',
    'mask2former_swin-s-p4-w7-224_8xb2-lsj-50e_coco.py':
    'mask2former_swin-s_coco-mini-cpu.py',
}


def changes(ours, other, prefix=''):
    """Dotted keys whose values differ."""
    if not (isinstance(ours, dict) and isinstance(other, dict)):
        return set() if ours == other else {prefix.rstrip('.')}
    return set().union(*(
        changes(ours.get(key), other.get(key), f'{prefix}{key}.')
        for key in {*ours, *other}))


def test_every_recipe_has_a_weighted_twin():
    assert NAMES == sorted(path.name for path in FOLDER.glob('*.py'))


@pytest.mark.parametrize('name', NAMES)
def test_only_data_set_and_head_change(name):
    ours = Config.fromfile(FOLDER / 'score-weighted' / name)
    base = Config.fromfile(FOLDER / name)
    found = {key for key in changes(ours.to_dict(), base.to_dict())
             if not key.startswith('scored_')}
    heads = {'model.roi_head.mask_head.type', 'model.mask_head.type',
             'model.panoptic_head.type'}
    assert len(found) == 2 and len(found & heads) == 1
    assert (found - heads).pop() in ('train_dataloader.dataset.type',
                                     'train_dataloader.dataset.dataset.type')


@pytest.mark.parametrize('name', NAMES)
def test_the_weighted_model_builds_with_the_weights_of_stock(name):
    """On the meta device: at full size, without memory or arithmetic."""
    from mmdet.registry import MODELS
    init_default_scope('mmdet')
    with torch.device('meta'):
        ours, base = (
            MODELS.build(Config.fromfile(FOLDER / folder / name).model)
            for folder in ('score-weighted', ''))
    assert ours.state_dict().keys() == base.state_dict().keys()


@pytest.mark.slow
@pytest.mark.parametrize('name', MINI)
def test_one_step_trains(name, masks_json, shrink, train_briefly):
    cfg = Config.fromfile(FOLDER / 'coco-mini' / MINI[name])
    weighted = Config.fromfile(FOLDER / 'score-weighted' / name)
    for part in ('mask_head', 'panoptic_head'):
        if part in weighted.model:
            cfg.model[part].type = weighted.model[part].type
    if 'roi_head' in weighted.model:
        cfg.model.roi_head.mask_head.type = weighted.model.roi_head.mask_head.type
    dataset = cfg.train_dataloader.dataset
    dataset.type = weighted.train_dataloader.dataset.type
    ann_file, images = masks_json
    dataset.ann_file, dataset.data_prefix = str(ann_file), dict(img=str(images))
    cfg.train_dataloader.batch_size = cfg.train_cfg.max_iters = 1
    if 'depths' in cfg.model.backbone:
        cfg.model.backbone.depths = (1, 1, 1, 1)
    shrink(cfg)
    losses, = train_briefly(cfg)
    assert all(math.isfinite(value) for value in losses.values())
    assert any('mask' in key for key in losses)
