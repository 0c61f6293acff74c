import os

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope

from mmdet_mal.retention.detector_config import base_config, point_at
from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.shipped import shipped_root

CONFIGS = shipped_root() / 'configs'
LIGHT = str(CONFIGS / 'phase2/coco-mini/mask-rcnn_deit-ti_coco-mini.py')
STOCK = str(CONFIGS / 'phase2/mask-rcnn_r50_fpn_1x_coco.py')


def test_a_config_is_pointed_at_files(files):
    images = str(files / 'images')
    base = base_config(LIGHT, None, 7, ('object', ))
    cfg = point_at(base, 'some/masks.json', images, 'some/val.json', images)
    train, test = cfg.train_dataloader.dataset, cfg.test_dataloader.dataset
    assert train.ann_file == os.path.abspath('some/masks.json')
    assert test.ann_file == cfg.test_evaluator.ann_file == os.path.abspath(
        'some/val.json')
    assert train.data_root == test.data_root == ''
    assert train.data_prefix.img.rstrip('/') == images
    assert cfg.randomness.seed == 7 and cfg.val_cfg is None
    # What differs between sources is the annotation file, and nothing else.
    other = point_at(base, 'b.json', images, 'some/val.json', images)
    other.train_dataloader.dataset.ann_file = train.ann_file
    assert other._cfg_dict == cfg._cfg_dict


def test_other_classes_reach_data_and_heads():
    cfg = base_config(STOCK, None, 0, ('nucleus', 'cell'))
    assert cfg.model.roi_head.bbox_head.num_classes == 2
    assert cfg.model.roi_head.mask_head.num_classes == 2
    for loader in (cfg.train_dataloader, cfg.test_dataloader):
        assert tuple(loader.dataset.metainfo.classes) == ('nucleus', 'cell')


def test_cocos_classes_change_nothing():
    from mmdet.datasets import CocoDataset
    cfg = base_config(STOCK, None, 0, CocoDataset.METAINFO['classes'])
    assert cfg.model.roi_head.bbox_head.num_classes == 80
    assert 'metainfo' not in cfg.train_dataloader.dataset


def test_a_config_that_is_made_for_these_classes_keeps_its_heads():
    own = Config.fromfile(LIGHT)
    assert base_config(LIGHT, None, 0, ('object', )).model == own.model
    heads = base_config(LIGHT, None, 0, ('a', 'b')).model.roi_head
    assert heads.bbox_head.num_classes == heads.mask_head.num_classes == 2


def test_a_shorter_training():
    cfg = base_config(STOCK, None, 0, ('a', ), epochs=6)
    assert cfg.train_cfg.max_epochs == 6
    assert cfg.param_scheduler[1].milestones == [4, 5.5]


@pytest.mark.parametrize('options, message', [
    ({'test_evaluator.metric': 'bbox'}, "does not measure 'segm'"),
    ({'test_dataloader': None}, 'has no test_dataloader'),
    ({'train_dataloader.dataset': dict(_delete_=True, type='ConcatDataset')},
     'no single annotation file'),
])
def test_configs_that_cannot_serve_are_refused(options, message):
    with pytest.raises(UserError, match=message):
        base_config(LIGHT, options, 0, ('a', ))


def test_a_missing_config_is_told():
    with pytest.raises(UserError, match='no such config'):
        base_config('configs/gone.py', None, 0, ('a', ))


def test_archives_are_refused(files, tmp_path):
    import shutil
    archive = shutil.make_archive(str(tmp_path / 'photos'), 'zip', files / 'images')
    base = base_config(LIGHT, None, 0, ('a', ))
    with pytest.raises(UserError, match='unpack the archive'):
        point_at(base, 'a.json', archive, 'b.json', archive)


@pytest.fixture(scope='module')
def light_model():
    cfg = Config.fromfile(LIGHT)
    cfg.model.backbone.pretrained = None
    with DefaultScope.overwrite_default_scope('mmdet'):
        torch.manual_seed(0)
        model = MODELS.build(cfg.model)
        model.init_weights()
    return model


def test_the_light_detector_has_a_pyramid_and_frozen_blocks(light_model):
    maps = light_model.extract_feat(torch.rand(1, 3, 96, 64))
    assert [tuple(m.shape) for m in maps] == [
        (1, 64, 12, 8), (1, 64, 6, 4), (1, 64, 3, 2), (1, 64, 2, 1)]
    blocks = light_model.backbone.encoder.layers
    frozen = [not any(p.requires_grad for p in block.parameters())
              for block in blocks]
    assert frozen == [True] * 4 + [False] * 4


def test_published_weights_reach_the_backbone(deit_weights, light_model):
    backbone = light_model.backbone
    backbone.pretrained = str(deit_weights)
    backbone.init_weights()
    published = torch.load(deit_weights, weights_only=True)['model']
    assert torch.equal(backbone.encoder.layers[7].ffn.layers[1].weight,
                       published['blocks.7.mlp.fc2.weight'])


def test_weights_of_another_network_are_refused(tmp_path, light_model):
    from mmdet_mal.engine.checkpoint import CheckpointError
    torch.save(dict(a=torch.zeros(1)), tmp_path / 'other.pth')
    light_model.backbone.pretrained = str(tmp_path / 'other.pth')
    with pytest.raises(CheckpointError, match='no encoder in a known layout'):
        light_model.backbone.init_weights()


