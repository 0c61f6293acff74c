"""Phase 2: stock recipes differ only where they must, and train on our masks JSON."""

import math
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmdet_mal.utils.stock_reader import read_with_stock_loader

CONFIG_DIR = Path(__file__).resolve().parents[2] / 'configs/phase2'
# thin config (same name as the stock one), its stock folder, its coco_mini variant
RECIPES = {
    'solov2': ('solov2_r50_fpn_ms-3x_coco.py', 'solov2',
               'solov2_r50_fpn_coco-mini-cpu.py'),
    'mask-rcnn': ('mask-rcnn_r50_fpn_1x_coco.py', 'mask_rcnn',
                  'mask-rcnn_r50_fpn_coco-mini-cpu.py'),
    'mask2former': ('mask2former_swin-s-p4-w7-224_8xb2-lsj-50e_coco.py',
                    'mask2former', 'mask2former_swin-s_coco-mini-cpu.py'),
    'cascade': ('cascade-mask-rcnn_convnext-s-p4-w7_fpn_4conv1fc-giou_amp-ms-crop-'
                '3x_coco.py', 'convnext',
                'cascade-mask-rcnn_convnext-s_fpn_coco-mini-cpu.py'),
}
recipes = pytest.mark.parametrize('recipe', RECIPES.values(), ids=RECIPES)

MINI_CHANGES = {
    'model.backbone.init_cfg', 'train_pipeline',
    'train_dataloader.num_workers', 'train_dataloader.persistent_workers',
    'train_dataloader.dataset.ann_file', 'train_dataloader.dataset.pipeline',
    'train_dataloader.dataset.data_prefix.img', 'val_dataloader', 'val_evaluator',
    'val_cfg'}
MORE_MINI_CHANGES = {
    RECIPES['cascade'][2]: {'optim_wrapper.type'},
    RECIPES['mask2former'][2]: {
        'batch_augments', 'model.data_preprocessor.batch_augments'},
}


def changed_keys(ours, stock, prefix=''):
    """Dotted keys of dicts whose values differ; lists count as one value."""
    if not (isinstance(ours, dict) and isinstance(stock, dict)):
        return set() if ours == stock else {prefix.rstrip('.')}
    return set().union(*(changed_keys(
        ours.get(key), stock.get(key), f'{prefix}{key}.')
        for key in (set(ours) | set(stock)) - {'_scope_'}))


def without_scope(value):
    """A config value as plain containers, without the mark of its package."""
    if isinstance(value, dict):
        return {k: without_scope(v) for k, v in value.items() if k != '_scope_'}
    if isinstance(value, (list, tuple)):
        return [without_scope(item) for item in value]
    return value


def step_types(value):
    """The `type` values of a nested pipeline, in order."""
    return [step['type'] for step in _steps(value)]


def load(path):
    return without_scope(Config.fromfile(path).to_dict())


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    """The paths of a developer's shell do not leak into the tests."""
    monkeypatch.delenv('MAL_ANN', raising=False)
    monkeypatch.delenv('MAL_DATA_ROOT', raising=False)


@recipes
def test_coco_config_changes_only_the_annotation_path(recipe):
    thin, folder, _ = recipe
    ours = load(CONFIG_DIR / thin)
    stock = Config.fromfile(_stock_path(f'{folder}/{thin}'))
    changed = changed_keys(ours, without_scope(stock.to_dict()))
    assert changed - {'custom_imports', 'custom_imports.imports'} == {
        'masks_json', 'masks_dataset', 'train_dataloader.dataset.ann_file',
        'train_dataloader.dataset.data_root',
        'train_dataloader.dataset.data_prefix.img'}
    assert 'mmdet_mal' in ours['custom_imports']['imports']
    # Evaluation stays on human masks.
    assert ours['val_evaluator']['ann_file'].endswith('instances_val2017.json')


def _stock_path(name):
    import mmdet
    return Path(mmdet.__file__).parent / '.mim/configs' / name


@recipes
def test_mini_config_changes_only_paths_schedule_and_sizes(recipe):
    thin, _, mini = recipe
    ours, base = load(CONFIG_DIR / 'coco-mini' / mini), load(CONFIG_DIR / thin)
    changed = {
        key for key in changed_keys(ours, base)
        if not key.startswith((
            'mini_', 'train_cfg', 'default_hooks.', 'log_processor.'))}
    assert changed == MINI_CHANGES | MORE_MINI_CHANGES.get(mini, set())
    assert step_types(ours['train_dataloader']['dataset']['pipeline']) == step_types(
        base['train_dataloader']['dataset']['pipeline'])


def test_environment_names_the_masks_and_the_images(monkeypatch):
    monkeypatch.setenv('MAL_ANN', '/some/where/masks.json')
    monkeypatch.setenv('MAL_DATA_ROOT', '/some/data')
    thin, _, mini = RECIPES['solov2']
    dataset = load(CONFIG_DIR / thin)['train_dataloader']['dataset']
    assert dataset['ann_file'] == '/some/where/masks.json'
    dataset = load(CONFIG_DIR / 'coco-mini' / mini)['train_dataloader']['dataset']
    assert dataset['ann_file'] == '/some/where/masks.json'
    assert dataset['data_prefix']['img'] == '/some/data/coco_mini/images/'


def test_an_option_names_the_masks():
    cfg = Config.fromfile(CONFIG_DIR / RECIPES['solov2'][0])
    cfg.merge_from_dict({'train_dataloader.dataset.ann_file': 'here/masks.json'})
    assert cfg.train_dataloader.dataset.ann_file == 'here/masks.json'
    assert cfg.train_dataloader.dataset.data_root == ''


@pytest.mark.slow
@recipes
def test_stock_recipe_reads_every_annotation_and_trains(
        recipe, masks_json, shrink, train_briefly):
    cfg = Config.fromfile(CONFIG_DIR / 'coco-mini' / recipe[2])
    ann_file, images = masks_json
    cfg.train_dataloader.dataset.ann_file = str(ann_file)
    cfg.train_dataloader.dataset.data_prefix = dict(img=str(images))
    cfg.train_dataloader.batch_size = 1
    cfg.train_cfg.max_iters = 2
    shrink(cfg)

    init_default_scope('mmdet')
    reading = read_with_stock_loader(cfg.train_dataloader.dataset)
    assert (reading.annotations, reading.read, reading.crowds) == (12, 12, 1)
    assert not reading.dropped and not reading.faults

    losses = [step['loss'] for step in train_briefly(cfg)]
    assert len(losses) == 2
    assert all(math.isfinite(loss) and loss > 0 for loss in losses)


def _steps(value):
    """Every step of a nested pipeline."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _steps(item)
