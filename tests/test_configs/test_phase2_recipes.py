"""Phase 2, all recipes of the paper's tables: their twins, and one step of each."""

import functools
import json
import math
import os
import shutil
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmdet_mal.utils.stock_reader import read_with_stock_loader

FOLDER = Path(__file__).resolve().parents[2] / 'configs/phase2'
CASCADE = ('cascade-mask-rcnn_convnext-{}-p4-w7_fpn_4conv1fc-giou_amp-ms-crop-3x_'
           'coco.py')
LVIS = 'mask-rcnn_{}_fpn_sample1e-3_ms-1x_lvis-v1.py'
# Thin configs by name of the stock one below them, and its folder.
STOCK = {
    'solov2_r50_fpn_ms-3x_coco.py': 'solov2',
    'solov2_r101-dcn_fpn_ms-3x_coco.py': 'solov2',
    'solov2_x101-dcn_fpn_ms-3x_coco.py': 'solov2',
    CASCADE.format('s'): 'convnext',
    'mask2former_swin-s-p4-w7-224_8xb2-lsj-50e_coco.py': 'mask2former',
    'mask-rcnn_r50_fpn_1x_coco.py': 'mask_rcnn',
    **{LVIS.format(name): 'lvis'
       for name in ('r50', 'r101', 'x101-32x4d', 'x101-64x4d')}}
RECIPES = [*STOCK, CASCADE.format('b')]
NO_MASKS = [name for name in RECIPES if 'mask-rcnn' in name]
BY_COCO = [name for name in RECIPES if 'lvis' in name]
# What everyday tests step: one of each kind that test_phase2.py does not.
EVERYDAY = {
    ('', 'solov2_r101-dcn_fpn_ms-3x_coco.py'), ('', LVIS.format('r50')),
    ('no-masks', LVIS.format('r50'))}
ALL = [('', name) for name in RECIPES] + [
    (folder, name) for folder, names in (
        ('human', RECIPES), ('no-masks', NO_MASKS), ('lvis-by-coco', BY_COCO))
    for name in names]


def load(*parts):
    return _load(parts, os.environ.get('MAL_ANN'), os.environ.get('MAL_HUMAN_ANN'))


@functools.cache
def _load(parts, *environment):
    return without_scope(Config.fromfile(FOLDER.joinpath(*parts)).to_dict())


def without_scope(value):
    """A config value as plain containers, without the mark of its package."""
    if isinstance(value, dict):
        return {k: without_scope(v) for k, v in value.items() if k != '_scope_'}
    if isinstance(value, (list, tuple)):
        return [without_scope(item) for item in value]
    return value


def changes(ours, other, prefix=''):
    """Dotted keys whose values differ; a list of dicts is looked into."""
    if isinstance(ours, list) and isinstance(other, list) and len(ours) == len(other):
        ours, other = (dict(enumerate(value)) for value in (ours, other))
    if not (isinstance(ours, dict) and isinstance(other, dict)):
        return set() if ours == other else {prefix.rstrip('.')}
    return set().union(*(
        changes(ours.get(key), other.get(key), f'{prefix}{key}.')
        for key in {*ours, *other}))


def training_set(cfg):
    """The training data set below its wrapper, and its dotted key."""
    dataset, key = cfg['train_dataloader']['dataset'], 'train_dataloader.dataset'
    if 'dataset' in dataset:
        return dataset['dataset'], f'{key}.dataset'
    return dataset, key


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in ('MAL_ANN', 'MAL_HUMAN_ANN'):
        monkeypatch.delenv(name, raising=False)


def test_every_config_file_is_tested():
    folders = ('', 'human', 'no-masks', 'lvis-by-coco')
    assert {(folder, path.name) for folder in folders
            for path in (FOLDER / folder).glob('*.py')} == set(ALL)


@pytest.mark.parametrize('name', STOCK)
def test_masks_change_nothing_but_the_path(name):
    import mmdet
    stock = Path(mmdet.__file__).parent / '.mim/configs' / STOCK[name] / name
    ours, stock = load(name), without_scope(Config.fromfile(stock).to_dict())
    dataset, key = training_set(ours)
    assert {change for change in changes(ours, stock)
            if not change.startswith('custom_imports')} == {
        'masks_json', 'masks_dataset',
        *(f'{key}.{member}' for member in (
            'ann_file', 'data_root', 'data_prefix.img'))}
    assert dataset['data_root'] == ''
    assert ours['custom_imports']['imports'][0] == 'mmdet_mal'


@pytest.mark.parametrize('name', RECIPES)
def test_the_human_twin_changes_nothing_but_the_file(name, monkeypatch):
    monkeypatch.setenv('MAL_ANN', '/masks.json')
    ours, human = load(name), load('human', name)
    key = training_set(ours)[1]
    assert changes(human, ours) == {
        'human_json', 'human_dataset', f'{key}.ann_file'}
    assert training_set(ours)[0]['ann_file'] == '/masks.json'
    original = ('data/lvis_v1/annotations/lvis_v1_train.json' if name in BY_COCO
                else 'data/coco/annotations/instances_train2017.json')
    assert training_set(human)[0]['ann_file'] == original
    monkeypatch.setenv('MAL_HUMAN_ANN', '/human.json')
    assert training_set(load('human', name))[0]['ann_file'] == '/human.json'


@pytest.mark.parametrize('name', BY_COCO)
def test_labels_by_a_coco_labeller_change_nothing_but_the_file(name, monkeypatch):
    ours, by_coco = load(name), load('lvis-by-coco', name)
    assert changes(by_coco, ours) == {
        'by_coco_json', 'by_coco_dataset',
        'train_dataloader.dataset.dataset.ann_file'}
    monkeypatch.setenv('MAL_ANN', '/masks.json')
    assert training_set(load('lvis-by-coco', name))[0]['ann_file'] == '/masks.json'


@pytest.mark.parametrize('name', NO_MASKS)
def test_without_masks_nothing_changes_but_the_mask_branch(name):
    bare, human = load('no-masks', name), load('human', name)
    key = training_set(human)[1]
    metric = 'val_evaluator.metric', 'test_evaluator.metric'
    found = changes(bare, human)
    assert {change for change in found if change.startswith('model.')} <= {
        f'model.roi_head.{part}' for part in ('mask_head', 'mask_roi_extractor')}
    assert {'model.roi_head.mask_head', f'{key}.pipeline.1.with_mask'} <= found
    assert {change for change in found if not change.startswith('model.')} == {
        *metric, 'train_pipeline.1.with_mask', 'test_pipeline.2.with_mask',
        f'{key}.pipeline.1.with_mask', 'val_dataloader.dataset.pipeline.2.with_mask',
        'test_dataloader.dataset.pipeline.2.with_mask'}
    assert bare['val_evaluator']['metric'] == ['bbox']


def test_convnext_b_is_wider_at_the_depths_of_s():
    small, base = load(CASCADE.format('s')), load(CASCADE.format('b'))
    assert changes(base, small) == {
        'checkpoint_file', 'model.backbone.arch', 'model.backbone.drop_path_rate',
        'model.backbone.init_cfg.checkpoint', 'optim_wrapper.paramwise_cfg.decay_rate',
        *(f'model.neck.in_channels.{i}' for i in range(4))}
    from mmpretrain.models import ConvNeXt
    archs = ConvNeXt.arch_settings
    assert archs['base']['depths'] == archs['small']['depths']
    assert base['model']['neck']['in_channels'] == archs['base']['channels']


def test_the_layer_decay_of_convnext_b_ends_at_its_last_stage():
    """Twelve layers: the stem, the stages, of which the third counts nine."""
    from mmdet.engine.optimizers.layer_decay_optimizer_constructor import (
        get_layer_id_for_convnext)
    layers = load(CASCADE.format('b'))['optim_wrapper']['paramwise_cfg']['num_layers']
    last_of_third = get_layer_id_for_convnext('backbone.stages.2.26.norm.bias', layers)
    last = get_layer_id_for_convnext('backbone.stages.3.2.norm.bias', layers)
    assert (last_of_third, last, layers) == (11, 12, 12)


@pytest.mark.parametrize(
    'folder, name', [pair for pair in ALL if pair[0] in ('', 'no-masks')],
    ids=lambda part: part or 'mal')
def test_the_model_builds(folder, name):
    """On the meta device: at full size, without memory or arithmetic.

    The other folders have the same models, see above.
    """
    from mmdet.registry import MODELS
    cfg = Config.fromfile(FOLDER / folder / name)
    init_default_scope('mmdet')
    with torch.device('meta'):
        model = MODELS.build(cfg.model)
    has_masks = any('mask' in key for key, _ in model.named_parameters())
    assert has_masks == (folder != 'no-masks')


@pytest.fixture(scope='module')
def lvis_json(masks_json, tmp_path_factory):
    """The masks as an LVIS v1 file: no file_name, no iscrowd, its own members."""
    from mmdet.datasets import LVISV1Dataset
    root = tmp_path_factory.mktemp('lvis')
    source, images = masks_json
    shutil.copytree(images, root / 'train2017')
    data = json.loads(source.read_text())
    for image in data['images']:
        image['coco_url'] = ('http://images.cocodataset.org/train2017/'
                             + image.pop('file_name'))
        image.update(not_exhaustive_category_ids=[], neg_category_ids=[3])
    data['annotations'] = [ann for ann in data['annotations']
                           if not ann.pop('iscrowd')]
    data['categories'] = [
        dict(id=number, name=name, frequency='f', synset='x.n.01')
        for number, name in enumerate(LVISV1Dataset.METAINFO['classes'], 1)]
    path = root / 'masks.json'
    path.write_text(json.dumps(data))
    return path, root


@pytest.mark.parametrize('folder, name', [
    pytest.param(
        folder, name, id=f'{folder or "mal"}-{name}',
        marks=[] if (folder, name) in EVERYDAY else pytest.mark.full)
    for folder, name in ALL])
def test_one_step_from_random_weights(folder, name, masks_json, lvis_json, shrink,
                                      train_briefly):
    cfg = Config.fromfile(FOLDER / folder / name)
    ann_file, images = lvis_json if name in BY_COCO else masks_json
    dataset = training_set(cfg)[0]
    dataset.ann_file, dataset.data_prefix.img = str(ann_file), f'{images}/'
    init_default_scope('mmdet')
    if folder != 'no-masks':
        reading = read_with_stock_loader(dataset)
        assert (reading.annotations, reading.read) == (12, 12)
        assert not reading.dropped and not reading.faults
    run_on_cpu(cfg)
    shrink(cfg)
    if (folder, name) in EVERYDAY and cfg.model.backbone.depth == 101:
        cfg.model.backbone.depth = 50  # the kind of its layers is what is tried
    losses, = train_briefly(cfg)
    assert all(math.isfinite(value) for value in losses.values())
    masks = [key for key in losses if 'mask' in key]
    assert bool(masks) == (folder != 'no-masks')


def run_on_cpu(cfg):
    """One iteration of one image, random weights, fp32, no validation."""
    cfg.model.backbone.init_cfg = None
    cfg.train_dataloader.update(
        batch_size=1, num_workers=0, persistent_workers=False)
    cfg.train_cfg = dict(
        type='IterBasedTrainLoop', max_iters=1, val_interval=1000)
    cfg.optim_wrapper.type = 'OptimWrapper'
    cfg.optim_wrapper.pop('loss_scale', None)
    cfg.val_dataloader = cfg.val_evaluator = cfg.val_cfg = None
    cfg.test_dataloader = cfg.test_evaluator = cfg.test_cfg = None
    cfg.default_hooks.checkpoint = dict(
        type='CheckpointHook', by_epoch=False, interval=-1, save_last=False)
    cfg.log_processor = dict(window_size=1, by_epoch=False)
