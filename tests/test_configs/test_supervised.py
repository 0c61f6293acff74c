"""The supervised twin: the labeller's config but for masks; it takes steps."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from mmdet_mal.registry import MODELS

MAL = Path(__file__).resolve().parents[2] / 'configs/mal'


@pytest.fixture
def cfg():
    return Config.fromfile(MAL / 'supervised_deit-ti_coco-mini.py')


def test_only_supervision_differs_in_training(cfg):
    twin, labeller = cfg.to_dict(), Config.fromfile(
        MAL / 'mal_deit-ti_coco-mini.py').to_dict()
    model, theirs = twin.pop('model'), labeller.pop('model')
    changed = {key for key in {*model, *theirs}
               if model.get(key) != theirs.get(key)}
    labelling = {'label_grouping', 'flip', 'postprocess', 'quality'}
    assert changed == {'type', 'mask_loss', 'grouping_loss', *labelling}
    steps = twin.pop('train_pipeline')
    assert [s for s in steps if s['type'] != 'mmdet_mal.CropHumanMask'] == \
        labeller.pop('train_pipeline')
    data = twin['train_dataloader'].pop('dataset')
    others = labeller['train_dataloader'].pop('dataset')
    assert {key for key in data if data[key] != others[key]} == {
        'type', 'ann_file', 'pipeline'}
    # What MMEngine keeps of the file itself: names of intermediate values.
    public = {key for key in {*twin, *labeller} if not key.startswith('_')}
    assert {key for key in public if twin.get(key) != labeller.get(key)} == {
        'test_pipeline', 'test_dataloader'}


def test_its_labels_are_cut_from_crops_as_it_was_trained_with(cfg):
    assert cfg.test_pipeline[1] == cfg.train_pipeline[2]
    assert cfg.test_dataloader.dataset.pipeline == cfg.test_pipeline


def test_the_labellers_own_configs_never_see_its_data_set():
    for path in MAL.glob('mal_*.py'):
        assert 'HumanMask' not in str(Config.fromfile(path).to_dict()), path


def test_other_losses_than_masks_are_refused(cfg):
    cfg.model.grouping_loss = dict(type='mmdet_mal.TokenGroupingLoss',
                                   fade_iters=1)
    with (torch.device('meta'),
          pytest.raises(ValueError, match='learns from masks alone')):
        MODELS.build(cfg.model)


def test_more_scales_than_one_are_refused(cfg):
    cfg.model.loss_scales = (1, 2)
    with (torch.device('meta'),
          pytest.raises(ValueError, match='leave loss_scales out')):
        MODELS.build(cfg.model)


def test_it_trains_on_photographs_with_human_masks(
        cfg, train_briefly, coco_mini_root, deit_weights, monkeypatch):
    cfg.model.network.pretrained = str(deit_weights)
    data = cfg.train_dataloader
    data.dataset.data_root = str(coco_mini_root)
    data.dataset.indices = 8
    data.dataset.cache_images = False
    data.batch_size, data.num_workers, data.persistent_workers = 4, 0, False
    cfg.train_cfg.max_epochs = 3
    cfg.default_hooks.checkpoint = None
    cfg.custom_hooks = cfg.custom_hooks[:1]
    # Six steps are too few for a warm-up of 50.
    cfg.param_scheduler = []
    losses = train_briefly(cfg)
    assert {'loss_dice', 'loss_bce', 'fill'} <= set(losses[0])
    means = [sum(s['loss'] for s in losses[i:i + 2]) / 2 for i in (0, 4)]
    assert means[1] < means[0]
